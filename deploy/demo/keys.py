"""Single key presses while the demo runs, where there is a terminal."""

import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager


class Keys:
    """What was pressed; nothing where there is no terminal."""

    def __init__(self, *, listening: bool) -> None:
        self._listening = listening

    def pressed(self) -> str:
        """The key that was pressed since the last call, or ''."""
        if not self._listening or not select.select([sys.stdin], [], [], 0)[0]:
            return ""
        return sys.stdin.read(1).lower()


@contextmanager
def keyboard(interactive: bool) -> Iterator[Keys]:
    """Keys without Enter; the terminal is put back as it was."""
    if not interactive or not sys.stdin.isatty():
        yield Keys(listening=False)
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin.fileno())
    try:
        yield Keys(listening=True)
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
