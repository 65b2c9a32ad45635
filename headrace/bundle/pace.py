"""How fast a version is beside the one that it replaces."""

from headrace.bundle.errors import TooSlow
from headrace.bundle.verify import Verified

TIMES = 10.0
# Below this a worker still scores 50,000 rows/s: next to a linear model almost everything is ten times as slow.
EASY_US = 20.0


def keeps_pace(new: Verified, present: Verified) -> None:
    """Raise TooSlow when a version takes more than ten times as long as the present one, both measured just now."""
    if new.us_per_row > max(TIMES * present.us_per_row, EASY_US):
        raise TooSlow(
            f"it takes {new.us_per_row:.1f} us a row where the version that serves now takes {present.us_per_row:.1f}: "
            f"{new.us_per_row / present.us_per_row:.0f} times as long, and at most {TIMES:g} times are let through "
            "unasked; if your workers can bear it, approve it with --slower"
        )
