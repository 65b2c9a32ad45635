"""When a child that ended unasked is started again: the decisions, without a clock or a process."""

from dataclasses import dataclass

FIRST_SECONDS = 0.2
LONGEST_SECONDS = 10.0
SETTLED_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOff:
    """How many lives in a row ended before the child had settled."""

    short_lives: int = 0

    def after(self, lived_seconds: float) -> "BackOff":
        """The state after a life of that length; a settled child starts counting anew."""
        return BackOff(short_lives=1 if lived_seconds >= SETTLED_SECONDS else self.short_lives + 1)

    @property
    def delay_seconds(self) -> float:
        """The wait before the next start: none the first time, then 0.2 s, doubling to 10 s.

        The first is at once because a killed worker's partitions stall until it is back.
        """
        if self.short_lives <= 1:
            return 0.0
        # The exponent is capped: 2.0 ** 1100 overflows, and a child that never comes up gets there in hours.
        return min(FIRST_SECONDS * 2.0 ** min(self.short_lives - 2, 32), LONGEST_SECONDS)
