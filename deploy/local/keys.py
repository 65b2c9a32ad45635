"""The signing key of a machine that has none yet."""

from pathlib import Path

from headrace.release.keys import create_private, trust
from headrace.settings import Settings


def make_first_key(settings: Settings) -> Path | None:
    """Make the desk's key and trust it, where the settings leave its place to us and nothing is there; its file.

    A key whose place somebody named is theirs to make: a new one would sign what nobody trusts.
    """
    file = settings.signing_key_file
    if settings.signing_key or settings.trusted_keys or file.exists():
        return None
    trust(settings.trusted_keys_folder, create_private(file).public_key())
    return file
