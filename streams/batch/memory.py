"""How many rows are taken at once, so that a worker stays within the memory that it was given."""

import resource
import sys

# More at once is no quicker: what a piece is made into should still lie in the processor's cache.
LEAST_ROWS, MOST_ROWS = 1024, 16_384
# A row lies in memory as it was read, as features, as the model's matrix, as what the model makes of it, and as output.
COPIES = 8


class Budget:
    """The memory of one process, in bytes; what it takes before its first part is not free."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._free: int | None = None

    def rows(self, row_bytes: int) -> int:
        """Rows of so many bytes to take at once; to be asked when the model is loaded. A few are taken in any case."""
        if self._free is None:
            self._free = max(0, self._most - _resident_bytes())
        return max(LEAST_ROWS, min(MOST_ROWS, self._free // (COPIES * max(1, row_bytes)))) // LEAST_ROWS * LEAST_ROWS


def _resident_bytes() -> int:
    """What this process has taken at most so far."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
