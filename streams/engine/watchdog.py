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
    """Watches one thread: each guarded step must end within `limit_s` seconds."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._step: tuple[str, float] | None = None
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    @contextmanager
    def guarding(self, doing: str) -> Iterator[None]:
        """Guard the calls made inside."""
        self._step = (doing, time.monotonic() + self._limit_s)
        try:
            yield
        finally:
            self._step = None

    def _watch(self) -> None:
        while True:
            time.sleep(min(1.0, self._limit_s / 4))
            step = self._step
            if step and time.monotonic() > step[1]:
                sys.stderr.write(
                    f"headrace: {step[0]} did not return within {self._limit_s:.0f} s; ending the process\n"
                )
                sys.stderr.flush()
                os._exit(EXIT_CODE)
