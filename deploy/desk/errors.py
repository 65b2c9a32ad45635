"""HeadraceError
└── DeskError                 raised when the desk cannot do what was asked
    ├── Overtaken             raised when another desk published first
    ├── NotTaken              raised when the published document was refused by the chain
    ├── NotPublished          raised when Kafka did not take the document
    ├── NothingToRollBackTo   raised when no earlier release fits
    ├── StandardUnreadable    raised when the release standard cannot be used
    ├── StandardNotMet        raised when a version does not show what the release standard asks for
    └── NoCandidate           raised when a version was not proposed, or was rejected
"""

from headrace.errors import HeadraceError


class DeskError(HeadraceError):
    """Raised when the desk cannot do what was asked."""


class Overtaken(DeskError):
    """Raised when another desk published first; nothing of this call counts."""


class NotTaken(DeskError):
    """Raised when the published document was refused by the chain."""


class NotPublished(DeskError):
    """Raised when Kafka did not take the document."""


class NothingToRollBackTo(DeskError):
    """Raised when no earlier release fits."""


class StandardUnreadable(DeskError):
    """Raised when the release standard cannot be used."""


class StandardNotMet(DeskError):
    """Raised when a version does not show what the release standard asks for."""


class NoCandidate(DeskError):
    """Raised when a version was not proposed, or was rejected."""
