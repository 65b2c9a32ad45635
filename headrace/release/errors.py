"""HeadraceError
└── ReleaseError              raised when a release cannot be made
    ├── ReleaseMalformed      raised when a document does not say what a release must
    └── KeyUnusable           raised when a signing key or a trusted key cannot be used
"""

from headrace.errors import HeadraceError


class ReleaseError(HeadraceError):
    """Raised when a release cannot be made."""


class ReleaseMalformed(ReleaseError):
    """Raised when a document does not say what a release must."""


class KeyUnusable(ReleaseError):
    """Raised when a signing key or a trusted key cannot be used."""
