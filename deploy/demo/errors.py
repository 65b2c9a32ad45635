"""HeadraceError
├── StepFailed      raised when a step of the demo does not come to its end
└── DemoFailed      raised when something is missing or double at the end
"""

from headrace.errors import HeadraceError


class StepFailed(HeadraceError):
    """Raised when a step of the demo fails or takes too long; says where to look."""


class DemoFailed(HeadraceError):
    """Raised when the last count does not come out."""
