"""HeadraceError
├── ImageBundleError          raised when the folder for an image, or of one, does not hold exactly one bundle
└── BundleError
    └── OtherBundle           raised when a release names another bundle than the image holds
"""

from headrace.bundle.errors import BundleError
from headrace.errors import HeadraceError


class ImageBundleError(HeadraceError):
    """Raised when the folder for an image, or of one, does not hold exactly one bundle."""


class OtherBundle(BundleError):
    """Raised when a release names another bundle than the image holds."""
