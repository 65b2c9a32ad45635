"""Parameters of a release as a person types them."""

import json
from collections.abc import Iterable

from deploy.desk.errors import DeskError
from headrace.release.document import PARAMETER, Scalar

KNOWN = ("threshold",)


def parsed(values: Iterable[str]) -> dict[str, Scalar]:
    """NAME=VALUE each; a number, true, false or text; nothing behind the sign is None. Raises DeskError."""
    found: dict[str, Scalar] = {}
    for value in values:
        name, sign, text = value.partition("=")
        if not sign or not PARAMETER.fullmatch(name):
            raise DeskError(f"{value!r} sets nothing; write NAME=VALUE, for instance threshold=0.4")
        if name not in KNOWN:
            raise DeskError(f"no worker knows a parameter {name}; there are: {', '.join(KNOWN)}")
        found[name] = _scalar(text)
    return found


def _scalar(text: str) -> Scalar:
    if not text:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float | bool) else text
