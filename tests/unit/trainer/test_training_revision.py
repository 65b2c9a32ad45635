"""A bundle says which code made it."""

import subprocess
from pathlib import Path

from trainer.revision import code_revision


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    command = ["git", *who, "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_outside_of_git_the_revision_is_unknown(tmp_path: Path) -> None:
    assert code_revision(tmp_path) == "unknown"


def test_in_git_it_is_the_commit_and_dirty_once_the_folder_differs(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "train.py").write_text("1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert code_revision(tmp_path) == commit
    (tmp_path / "train.py").write_text("2\n")
    assert code_revision(tmp_path) == f"{commit}-dirty"
