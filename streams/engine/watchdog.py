"""Ends the process when a Kafka call does not return.

send_offsets_to_transaction may hang for ever after a coordinator went away (librdkafka 5456, 5511); no time-out of its
own fires and the thread cannot be interrupted. The supervisor starts the worker again, its stable transactional id
aborts what was open.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

EXIT_CODE = 70


class Watchdog:
    """Watches one thread: each guarded step must end within `limit_s` seconds.

    Only those seconds count in which the process could run. One that was suspended within a step goes on with it:
    whether Kafka still takes it is for Kafka to say.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._step: tuple[str, float] | None = None
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    @contextmanager
    def guarding(self, doing: str, at_least_s: float = 0.0) -> Iterator[None]:
        """Guard the calls made inside; at_least_s is for a step that may rightly take longer than the limit.

        A step within a step has a limit of its own, and the outer one begins anew after it.
        """
        around, self._step = self._step, (doing, max(self._limit_s, at_least_s))
        try:
            yield
        finally:
            self._step = around

    def _watch(self) -> None:
        pause, watched = min(1.0, self._limit_s / 4), 0.0
        seen = self._step
        while True:
            time.sleep(pause)
            step = self._step
            watched = watched + pause if step is seen else 0.0
            seen = step
            if seen and watched >= seen[1]:
                self._end(*seen)

    def _end(self, doing: str, limit_s: float) -> None:
        sys.stderr.write(f"headrace: {doing} did not return within {limit_s:.0f} s; ending the process\n")
        sys.stderr.flush()
        os._exit(EXIT_CODE)
