"""The model file: skops, with a fixed list of trusted types."""

from typing import Any

from headrace.bundle.errors import UntrustedModel
from headrace.bundle.trusted import TRUSTED


def dumps(estimator: Any) -> bytes:
    """The bytes of model.skops; raises UntrustedModel when no worker would load them."""
    import skops.io

    try:
        raw: bytes = skops.io.dumps(estimator)
    except Exception as error:
        raise UntrustedModel(f"skops cannot write {type(estimator).__name__}: {error}") from error
    # Only to tell the trainer by name; what a worker trusts is the fixed list and nothing else.
    foreign = sorted(set(skops.io.get_untrusted_types(data=raw)) - set(TRUSTED))
    if foreign:
        raise UntrustedModel(
            f"the estimator holds {', '.join(foreign)}, which no worker loads: "
            "build it of scikit-learn's own parts (headrace/bundle/trusted.py has the list)"
        )
    return raw


def loads(raw: bytes) -> Any:
    """The estimator in model.skops; raises UntrustedModel for everything that is not clearly one."""
    import skops.io

    try:
        return skops.io.loads(raw, trusted=list(TRUSTED))
    except MemoryError:
        raise
    except Exception as error:
        raise UntrustedModel(f"model.skops was not loaded: {type(error).__name__}: {error}"[:2000]) from error


def warm() -> None:
    """Import what loading needs: some seconds, best spent before the first request is taken."""
    import skops.io

    assert skops.io
