"""A scorer in waiting: all is imported and nothing begun until it is told, on standard input, which one to be.

Most of a worker's start is importing scikit-learn and what it rests on; a partition whose worker was killed need not
wait for that. The order is one line of JSON: arguments of `headrace`, environment, log file. No line: nobody needs it.
"""

import json
import os
import sys
from importlib import import_module

from headrace.cli.main import main as headrace

IMPORTS = ("streams.score.app", "faust.worker", "faust.web.drivers.aiohttp", "sklearn.pipeline", "sklearn.linear_model")


def main() -> None:
    """Wait and become the worker."""
    for name in IMPORTS:
        import_module(name)
    import_module("headrace.bundle.modelfile").warm()
    if not (line := sys.stdin.readline()):
        return
    order = json.loads(line)
    _write_to(order["log"])
    os.environ.update(order["env"])
    headrace(order["arguments"])


def _write_to(log: str) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)


if __name__ == "__main__":
    main()
