"""This machine's copies of bundles: cache/<digest>/, there whole or not at all."""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from headrace.bundle import checked_files
from headrace.bundle.errors import BundleError


def cached(cache: Path, digest: str, download: Callable[[], Mapping[str, bytes]]) -> Path:
    """The folder of a bundle whose digests hold; downloads it when there is no good copy."""
    folder = cache / digest
    if _good(folder, digest):
        return folder
    contents = download()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache) as scratch:
        fresh = Path(scratch) / "bundle"
        fresh.mkdir()
        for name, content in contents.items():
            (fresh / name).write_bytes(content)
        checked_files(fresh, digest)
        _put_in_place(fresh, folder, digest, Path(scratch) / "spoilt")
    return folder


def _put_in_place(fresh: Path, folder: Path, digest: str, aside: Path) -> None:
    try:
        fresh.rename(folder)
    except OSError:
        # Somebody was quicker, or a spoilt copy lies there: it is moved away, never written into.
        if _good(folder, digest):
            return
        shutil.move(folder, aside)
        fresh.rename(folder)


def _good(folder: Path, digest: str) -> bool:
    try:
        checked_files(folder, digest)
    except (BundleError, OSError):
        return False
    return True
