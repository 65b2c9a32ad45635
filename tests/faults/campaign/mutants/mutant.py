"""A mutant: the product with one mistake, made in a copy of its tree."""

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.campaign.fault import Fault
from tests.faults.campaign.outcome import Outcome

ROOT = Path(__file__).resolve().parents[4]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """In this file this text, there exactly once, becomes another."""

    file: str
    old: str
    new: str

    def apply(self, tree: Path) -> None:
        """Make the mistake; where the text is no longer what it was, the mutant must be written anew."""
        path = tree / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise LookupError(f"{self.file} holds {text.count(self.old)} times and not once: {self.old!r}")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A mistake, the fault under which it must show, and the names under which the checker may report it."""

    name: str
    mistake: str
    edits: tuple[Edit, ...]
    fault: Fault
    caught_by: frozenset[str]

    def grow(self, tree: Path) -> None:
        """A copy of the working tree with the mistake in it."""
        tracked = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(tracked, capture_output=True, check=True, text=True).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, tree / name)
        for edit in self.edits:
            edit.apply(tree)

    def verdict(self, outcome: Outcome, logs: Iterable[Path]) -> dict[str, object]:
        """By which checks it was caught; without one, what was seen instead.

        A run that is red because the mutant cannot work at all has caught nothing.
        """
        caught = sorted(self.caught_by & set(outcome.checks))
        why = "; ".join(outcome.failures)[:1000] or "everything held"
        raised = [log.name for log in logs if "Traceback" in log.read_text(encoding="utf-8", errors="replace")]
        if raised:
            caught, why = [], f"it does not work at all: see {', '.join(raised)}"
        elif caught and not (outcome.happened and outcome.lost < outcome.acknowledged):
            caught, why = [], "the fault did not happen, or nothing was answered at all"
        told: dict[str, object] = {"caught_by": caught, "mistake": self.mistake, "fault": self.fault.name}
        told |= {"checks": outcome.checks, "seconds": outcome.seconds}
        return told if caught else told | {"why": why}
