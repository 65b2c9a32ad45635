"""HeadraceError
└── BundleError                  raised when a bundle cannot be used
    ├── BundleMissing            raised when a file of the bundle is not there
    ├── BundleTooLarge           raised when the bundle is larger than allowed
    ├── DigestMismatch           raised when bytes are not those that were approved
    ├── ManifestMalformed        raised when manifest.json does not say what it must
    ├── LibraryMismatch          raised when the bundle was made with other library versions
    ├── UntrustedModel           raised when the model file holds types outside the fixed list, or is not a model
    ├── GoldenMismatch           raised when golden vectors do not give the very scores they gave in training
    ├── Nondeterministic         raised when a row's score depends on its neighbours
    ├── TooSlow                  raised when scoring takes longer than allowed
    └── ProbeDied                raised when the child process that tried the bundle crashed, hung or ran out of memory
"""

from headrace.errors import HeadraceError


class BundleError(HeadraceError):
    """Raised when a bundle cannot be used."""


class BundleMissing(BundleError):
    """Raised when a file of the bundle is not there."""


class BundleTooLarge(BundleError):
    """Raised when the bundle is larger than allowed."""


class DigestMismatch(BundleError):
    """Raised when bytes are not those that were approved."""


class ManifestMalformed(BundleError):
    """Raised when manifest.json does not say what it must."""


class LibraryMismatch(BundleError):
    """Raised when the bundle was made with other library versions than this process has."""


class UntrustedModel(BundleError):
    """Raised when the model file holds types outside the fixed list, or is not a model."""


class GoldenMismatch(BundleError):
    """Raised when golden vectors do not give the very scores that they gave in training."""


class Nondeterministic(BundleError):
    """Raised when a row's score depends on the rows beside it."""


class TooSlow(BundleError):
    """Raised when scoring takes longer than allowed."""


class ProbeDied(BundleError):
    """Raised when the child process that tried the bundle crashed, hung or ran out of memory."""
