"""Ports of the loopback interface."""

import errno
import random
import socket
from collections.abc import Container

# Below the range from which systems take the ports of outgoing connections (32768 on Linux). A client that keeps
# asking for a broker that is away may otherwise be given the very port as its own, and the broker cannot come back.
_CHOICE = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        # As Java does: connections of a former server that linger in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def pick_free(count: int, *, besides: Container[int]) -> list[int]:
    """So many different ports that are free now and not promised to somebody (besides)."""
    shuffled = random.sample(_CHOICE, len(_CHOICE))
    candidates = (port for port in shuffled if port not in besides and is_free(port))
    return [next(candidates) for _ in range(count)]


def answers(port: int) -> bool:
    """Whether something accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
