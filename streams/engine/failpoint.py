"""Named places at which a test can make the process fail.

HEADRACE_FAILPOINT="after_produce=kill@3" kills the process (signal 9) when it passes that place for the third time;
`stop` freezes it (SIGSTOP), `hang` blocks the calling thread for ever. Unset, a place costs one comparison.
"""

import os
import re
import signal
import sys
import threading
from collections.abc import Mapping

from headrace.errors import SettingsError

VARIABLE = "HEADRACE_FAILPOINT"
FORM = re.compile(r"(\w+)=(kill|stop|hang)@([1-9]\d*)")


class Failpoints:
    """The places of one process; `passing` is called wherever a fault may be asked for."""

    def __init__(self, asked: str = "") -> None:
        found = [FORM.fullmatch(one.strip()) for one in asked.split(",")] if asked else []
        self._asked = {one[1]: (one[2], int(one[3])) for one in found if one}
        if None in found:
            raise SettingsError(
                f"{VARIABLE}={asked!r} is not understood; write PLACE=kill@N, PLACE=stop@N or PLACE=hang@N"
            )

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Failpoints":
        """The failpoints that the environment asks for."""
        return cls(environment.get(VARIABLE, ""))

    def passing(self, place: str) -> None:
        """Fail here if it was asked for and this is the asked passage."""
        if place not in self._asked:
            return
        action, left = self._asked[place]
        self._asked[place] = (action, left - 1)
        if left != 1:
            return
        # Whoever asked for it counts what really happened.
        sys.stderr.write(f"headrace: failpoint {place}={action}\n")
        sys.stderr.flush()
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if action == "stop":
            # Sent to the process, whichever thread comes first would take it, and this one run on until that does.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
        if action == "hang":
            threading.Event().wait()

    def active(self, place: str) -> bool:
        """Whether this place's next passage is the one at which to fail."""
        return place in self._asked and self._asked[place][1] == 1
