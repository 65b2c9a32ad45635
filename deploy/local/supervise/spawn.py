"""Starting a process that dies with this one.

A launcher script, not preexec_fn: code between fork and exec may deadlock in a process with threads, and every
process here has librdkafka's. The kernel's "parent" is the thread that started the child, not its process, so all
children are started from one thread that lives as long as the process; otherwise a broker started from a
short-lived thread would be killed when that thread ends.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

_LAUNCHER = Path(__file__).with_name("launch.py")

Process = subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    keep_open: tuple[int, ...]
    told_by_pipe: bool
    process: Future[Process]


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path,
    keep_open: tuple[int, ...] = (),
    told_by_pipe: bool = False,
) -> Process:
    """Starts argv in a session of its own (Ctrl-C at a terminal reaches only this process), output appended to log.

    env is the whole environment; keep_open are file descriptors that the child inherits. A program that cannot
    be run is a child that ends with code 127 and says why in its log. told_by_pipe: its standard input is a pipe.
    """
    order = _Order(argv=argv, env=env, log=log, keep_open=keep_open, told_by_pipe=told_by_pipe, process=Future())
    _spawner(os.getpid()).put(order)
    return order.process.result()


@cache
def _spawner(_pid: int) -> SimpleQueue[_Order]:
    # Kept by process id: a fork has this queue but not its thread.
    orders: SimpleQueue[_Order] = SimpleQueue()
    Thread(target=_serve, args=(orders,), name="spawner", daemon=True).start()
    return orders


def _serve(orders: SimpleQueue[_Order]) -> None:
    while True:
        order = orders.get()
        try:
            order.process.set_result(_popen(order))
        except OSError as error:
            order.process.set_exception(error)


def _popen(order: _Order) -> Process:
    launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid())]
    with order.log.open("ab") as log:
        return subprocess.Popen(
            [*launcher, *order.argv],
            env=order.env,
            stdin=subprocess.PIPE if order.told_by_pipe else subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=order.keep_open,
            start_new_session=True,
        )
