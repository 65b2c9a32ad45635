"""Where bundles and writers' schemas are kept, write-once."""

from headrace.registry.errors import (
    AlreadyRegistered,
    RegistryError,
    RegistryUnavailable,
    UnknownSchema,
    UnknownVersion,
)
from headrace.registry.loading import BundleSource, load_bundle
from headrace.registry.registry import Registry

__all__ = [
    "AlreadyRegistered",
    "BundleSource",
    "Registry",
    "RegistryError",
    "RegistryUnavailable",
    "UnknownSchema",
    "UnknownVersion",
    "load_bundle",
]
