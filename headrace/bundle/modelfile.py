"""The model file: skops, with a fixed list of trusted types."""

import sys
from importlib import import_module
from typing import Any

from headrace.bundle.errors import UntrustedModel
from headrace.bundle.trusted import trusted


def dumps(estimator: Any) -> bytes:
    """The bytes of model.skops; raises UntrustedModel when no worker would load them."""
    skops_io = _skops_io()
    try:
        raw: bytes = skops_io.dumps(estimator)
    except Exception as error:
        raise UntrustedModel(f"skops cannot write {type(estimator).__name__}: {error}") from error
    # Only to tell the trainer by name; what a worker trusts is the fixed list and nothing else.
    foreign = sorted(set(skops_io.get_untrusted_types(data=raw)) - set(trusted()))
    if foreign:
        raise UntrustedModel(
            f"the estimator holds {', '.join(foreign)}, which no worker loads: "
            "build it of scikit-learn's own parts (headrace/bundle/trusted.py has the list)"
        )
    return raw


def loads(raw: bytes) -> Any:
    """The estimator in model.skops; raises UntrustedModel for everything that is not clearly one."""
    skops_io = _skops_io()
    try:
        return skops_io.loads(raw, trusted=list(trusted()))
    except MemoryError:
        raise
    except Exception as error:
        raise UntrustedModel(f"model.skops was not loaded: {type(error).__name__}: {error}"[:2000]) from error


def warm() -> None:
    """Import what loading needs, best done before the first request is taken."""
    _skops_io()


def _skops_io() -> Any:
    """skops.io, imported without its own list of trusted estimators.

    Making that list imports all of scikit-learn, which took longer than all else that a worker does before it serves
    again. Ours is estimators.txt, so nothing is trusted that would not be otherwise.
    """
    if "skops.io" in sys.modules:
        return sys.modules["skops.io"]
    import sklearn.utils

    everything, sklearn.utils.all_estimators = sklearn.utils.all_estimators, list
    try:
        return import_module("skops.io")
    finally:
        sklearn.utils.all_estimators = everything
