"""Finding in a broker's output why it did not start."""

import re

# The orderly shutdown after a failed start fills the end of the log, so the last lines say nothing.
_REASON = re.compile(r" (ERROR|FATAL) |^Caused by: |^Exception in thread |^\S*(Exception|Error): ")
_TAKEN = re.compile(r"failed to bind to \S+:(\d+)")


def reasons(output: str, count: int = 8) -> str:
    """The lines that name a fault, each once; the last lines of all where there is none."""
    lines = output.splitlines()
    named = dict.fromkeys(line for line in lines if _REASON.search(line))
    return "\n".join(list(named)[:count] or lines[-count:])


def taken_port(output: str) -> int | None:
    """The port that somebody took after it had been found free."""
    match = _TAKEN.search(output)
    return int(match[1]) if match else None
