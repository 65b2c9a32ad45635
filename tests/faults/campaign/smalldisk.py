"""A disk that can be full: a file system of its own in place of one folder."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from tests.faults.campaign.servers import Servers, own_servers

BALLAST = "ballast"
PIECE = b"\0" * 65_536


def mountable() -> str:
    """Why no file system can be mounted here; "" where it can."""
    with tempfile.TemporaryDirectory(prefix="headrace-mount-") as folder:
        if said := _mount(Path(folder), 1):
            return f"a small file system cannot be mounted ({said}); try within `unshare --map-root-user --mount`"
        _unmount(Path(folder))
    return ""


def small(part: str, megabytes: int) -> Callable[[Path], AbstractContextManager[Servers]]:
    """Servers of a fault's own, with a disk of this size in place of one folder of theirs."""

    @contextmanager
    def servers(folder: Path) -> Iterator[Servers]:
        (disk := folder / part).mkdir(parents=True)
        said = _mount(disk, megabytes)
        assert not said, said
        try:
            with own_servers(folder) as started:
                yield started
        finally:
            _unmount(disk)

    return servers


def fill(disk: Path) -> None:
    """Leave no byte free; again and again, as others delete files meanwhile."""
    with (disk / BALLAST).open("ab", buffering=0) as ballast, suppress(OSError):
        while ballast.write(PIECE):
            pass


def is_full(disk: Path) -> bool:
    """Whether no block is free."""
    return os.statvfs(disk).f_bavail == 0


def free(disk: Path) -> None:
    """Give the space back."""
    (disk / BALLAST).unlink()


def _mount(folder: Path, megabytes: int) -> str:
    argv = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "headrace-small", str(folder)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return done.stderr.strip() or ("" if done.returncode == 0 else f"mount ended with {done.returncode}")


def _unmount(folder: Path) -> None:
    """Also where a process that is about to end still has a file open there."""
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)
