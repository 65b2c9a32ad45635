"""HeadraceError
└── RegistryError             raised when the registry cannot do what was asked
    ├── RegistryUnavailable   raised when the registry does not answer or refuses access
    ├── UnknownVersion        raised when a version is not in the registry
    ├── UnknownSchema         raised when a fingerprint is not in the registry
    └── AlreadyRegistered     raised when something else is already there under this name
"""

from headrace.errors import HeadraceError


class RegistryError(HeadraceError):
    """Raised when the registry cannot do what was asked."""


class RegistryUnavailable(RegistryError):
    """Raised when the registry does not answer or refuses access."""


class UnknownVersion(RegistryError):
    """Raised when a version is not in the registry."""


class UnknownSchema(RegistryError):
    """Raised when a fingerprint is not in the registry."""


class AlreadyRegistered(RegistryError):
    """Raised when something else is already there under this name; nothing is ever overwritten."""
