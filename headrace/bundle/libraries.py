"""The versions on which a model file depends."""

import platform
from collections.abc import Mapping
from importlib.metadata import version

from headrace.bundle.errors import LibraryMismatch

NAMES = ("numpy", "scipy", "scikit-learn", "skops")


def present() -> dict[str, str]:
    """Versions in this process; of Python only what changes the language and its pickles (3.11)."""
    return {"python": ".".join(platform.python_version_tuple()[:2])} | {name: version(name) for name in NAMES}


def require_equal(wanted: Mapping[str, str], here: Mapping[str, str] | None = None) -> None:
    """Raise LibraryMismatch naming each library that differs."""
    have = present() if here is None else here
    names = sorted({*wanted, *have})
    differing = [name for name in names if wanted.get(name) != have.get(name)]
    faults = [f"{name} {wanted.get(name, 'none')} (here: {have.get(name, 'none')})" for name in differing]
    if faults:
        raise LibraryMismatch(
            f"the bundle was made with {', '.join(faults)}; serve it from an environment with the same versions, "
            "or train it again in this one"
        )
