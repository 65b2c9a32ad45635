"""HeadraceError
└── BenchFailed      raised when a contender did not do its work, so that there is nothing to compare
"""

from headrace.errors import HeadraceError


class BenchFailed(HeadraceError):
    """Raised when a contender did not answer every request, or not in time."""
