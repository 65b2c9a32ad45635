"""Entry of the local ClickHouse: `python -m deploy.local.clickhouse --path DIR`."""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import Final

from headrace.errors import HeadraceError

PR_SET_PDEATHSIG: Final = 1


def main(argv: list[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    stops = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # before the engine starts threads, which inherit it
    if options.die_with_parent:
        _die_with_parent()
    os.environ["TZ"] = "UTC"  # as in ClickHouse's image; else a DateTime would mean another instant on every machine
    try:
        return _serve(options, stops)
    except HeadraceError as error:
        print(error, file=sys.stderr)
        return 2


def _serve(options: argparse.Namespace, stops: set[signal.Signals]) -> int:
    from .engine import Engine
    from .server import Server, listen
    from .session import Login

    login = Login(user=options.user, password=_password(options.password_env))
    listener = listen(options.host, options.port)
    engine = Engine(Path(options.path).resolve())
    server = Server(listener, engine, login)
    server.start()
    print(f"ready {options.host}:{listener.getsockname()[1]}", flush=True)
    signal.sigwait(stops)
    if server.stop():
        engine.close()
    # Not by the way of the interpreter: a session that did not end still runs inside the engine, which must not be
    # torn down under it. What was acknowledged is in files.
    sys.stdout.flush()
    os._exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.local.clickhouse",
        description="The ClickHouse engine behind the native protocol, for development on one machine.",
    )
    parser.add_argument("--path", required=True, help="folder for the data, made if missing")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9000, help="0 takes a free port; the line 'ready' names it")
    parser.add_argument("--user", default="default")
    parser.add_argument("--password-env", metavar="NAME", help="environment variable that holds the password")
    parser.add_argument(
        "--die-with-parent",
        action="store_true",
        help="stop when the thread that started this process ends (Linux; ignored elsewhere)",
    )
    return parser


def _password(variable: str | None) -> str:
    if variable and variable not in os.environ:
        raise HeadraceError(f"--password-env names {variable}, which is not set; set it or leave the option out")
    return os.environ[variable] if variable else ""


def _die_with_parent() -> None:
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before we could ask
        sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
