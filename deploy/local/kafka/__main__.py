"""Runs one broker in the foreground: python -m deploy.local.kafka --data DIR --port N [--jars DIR]."""

import argparse
import signal
import sys
from pathlib import Path

import structlog

from deploy.local.kafka.server import KafkaServer
from headrace.errors import HeadraceError


class _AskedToEnd(BaseException):
    """Raised by SIGTERM and SIGINT; not an Exception, so that nothing on the way takes it for a fault."""


def main() -> int:
    """0 when asked to end, 1 when the broker ended by itself, 2 when it could not start."""
    options = _options()
    # Standard output is for the line "ready ..." alone; structlog would print a retried fetch there.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    server = KafkaServer(options.data, options.port, options.jars)
    try:
        server.start()
        print(f"ready {server.address}", flush=True)
        code = server.wait()
        print(f"Kafka ended with exit code {code}; see {server.log}", file=sys.stderr)
        return 1
    except _AskedToEnd:
        return 0
    except HeadraceError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        server.stop()


def _end(*_: object) -> None:
    # A second signal must not cut the orderly end short; who is in a hurry has SIGKILL.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise _AskedToEnd


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local.kafka", description="One Kafka broker on loopback.")
    parser.add_argument("--data", type=Path, required=True, help="the folder that keeps the broker's data")
    parser.add_argument("--port", type=int, required=True, help="the port on 127.0.0.1; 0 picks a free one")
    parser.add_argument("--jars", type=Path, help="the folder that keeps Kafka's jars; by default in the user's cache")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
