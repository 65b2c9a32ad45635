"""The files of this repository, as git knows them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("headrace", "streams", "trainer", "deploy")


@cache
def files() -> tuple[Path, ...]:
    """All tracked files and those that are about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return tuple(sorted(path for path in map(ROOT.joinpath, names) if path.is_file() and not path.is_symlink()))


def texts() -> list[tuple[str, str]]:
    """Name and text of each file that is text."""
    found = []
    for path in files():
        raw = path.read_bytes()
        if b"\0" not in raw[:8000]:
            found.append((str(path.relative_to(ROOT)), raw.decode("utf-8", "replace")))
    return found


def modules(*packages: str) -> list[str]:
    """The dotted names of all modules of some packages."""
    ours = [path.relative_to(ROOT) for path in files() if path.suffix == ".py"]
    found = [".".join(path.with_suffix("").parts) for path in ours if path.parts[0] in packages]
    return [name.removesuffix(".__init__") for name in found]
