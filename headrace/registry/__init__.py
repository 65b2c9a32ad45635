"""Where bundles and writers' schemas are kept, write-once."""

from headrace.registry.errors import (
    AlreadyRegistered,
    RegistryError,
    RegistryUnavailable,
    UnknownSchema,
    UnknownVersion,
)
from headrace.registry.registry import Registry

__all__ = [
    "AlreadyRegistered",
    "Registry",
    "RegistryError",
    "RegistryUnavailable",
    "UnknownSchema",
    "UnknownVersion",
]
