"""The registry of bundles, the key that signs releases, and the keys whose releases count."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import obstore
from obstore.store import from_url

from deploy.local.checks.finding import Finding, failed, ok, skipped
from headrace.errors import HeadraceError, first_line
from headrace.release.keys import TrustedKeys, key_id, read_private
from headrace.settings import Settings

OTHERS_MAY_WRITE = 0o022


def registry(settings: Settings, models: Sequence[str] = ()) -> Finding:
    """Whether bundles can be read from the registry and written to it; what is written to try it is removed.

    A folder that is not there yet would be made; where models were applied already, it was there and is away.
    """
    url = settings.registry_url
    if models and "://" not in url and not Path(url).is_dir():
        told = f"the folder {url} is not there, though {', '.join(models)} must have a schema in it"
        return failed("registry", told, "mount it or bring it back; workers serve on with what they have")
    try:
        _try_bucket(url) if "://" in url else _try_folder(Path(url))
    except Exception as error:  # noqa: BLE001 - each kind of store raises errors of its own
        first = first_line(error)
        advice = "mend `registry` in the settings, or the rights to it: workers read it, training writes to it"
        return failed("registry", f"{url}: {first}", advice)
    return ok("registry", f"{url} can be read and written")


def _try_folder(folder: Path) -> None:
    place = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    with tempfile.TemporaryFile(dir=place):
        next(place.iterdir(), None)


def _try_bucket(url: str) -> None:
    store, name = from_url(url), f"doctor/{uuid4().hex}"
    obstore.put(store, name, b"")
    obstore.get(store, name)
    obstore.delete(store, name)


def signing_key(settings: Settings) -> Finding:
    """Whether the desk's key can be used, and by its owner only."""
    try:
        key = read_private(settings.signing_key_file)
    except HeadraceError as error:
        return failed("signing key", str(error), "`headrace up` makes one where there is none")
    return ok("signing key", f"{settings.signing_key_file}, key {key_id(key.public_key())}")


def trusted_keys(settings: Settings) -> Finding:
    """Whether workers trust somebody, this desk's key is among them, and nobody else can add one."""
    name, folder = "trusted keys", settings.trusted_keys_folder
    try:
        trusted = TrustedKeys.read(folder)
    except HeadraceError as error:
        return failed(name, str(error), "remove it, or put the right public key (PEM) in its place")
    if not trusted.keys:
        return failed(name, f"{folder} holds none, so no release counts", "put the desk's public key (PEM) there")
    open_to_others = [path for path in (folder, *folder.glob("*.pem")) if path.stat().st_mode & OTHERS_MAY_WRITE]
    if open_to_others:
        told = f"others may write to {', '.join(map(str, open_to_others))}"
        return failed(name, told, "run `chmod go-w` on them: who can add a key can release")
    return ok(name, f"{len(trusted.keys)} in {folder}")


def desk_is_trusted(settings: Settings) -> Finding:
    """Whether what this desk signs counts here."""
    name = "desk is trusted"
    try:
        key, trusted = read_private(settings.signing_key_file), TrustedKeys.read(settings.trusted_keys_folder)
    except HeadraceError:
        return skipped(name, "the keys themselves are not in order")
    identity = key_id(key.public_key())
    if not trusted.holds(identity):
        advice = f"put its public key into {settings.trusted_keys_folder}, if it is meant to release"
        return failed(name, f"key {identity} is not among the trusted keys", advice)
    if (end := trusted.ends.get(identity)) and end < datetime.now(UTC):
        advice = "release with another key, or take the Not-After line out of its file"
        return failed(name, f"key {identity} can release nothing after {end.isoformat()}", advice)
    return ok(name, f"key {identity} counts" + (f" until {end.isoformat()}" if end else ""))
