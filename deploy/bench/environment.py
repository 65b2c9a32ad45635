"""The environment of the peers: which of them are installed in it, in which version."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.bench.roster import PEERS, Entry

# Beside the peers themselves, what decides how fast they are.
ALSO = ("confluent-kafka", "aiokafka", "fastavro", "msgspec", "numpy", "scikit-learn")
PATIENCE_S = 120.0
ASKED = """
import json, platform, sys
from importlib import import_module
from importlib.metadata import version
found = {"python": platform.python_version()}
missing = {}
for name in sys.argv[2].split(","):
    found[name] = version(name)
for name in sys.argv[1].split(","):
    try:
        import_module(name)
        found[name] = version(name)
    except Exception as error:
        missing[name] = f"{type(error).__name__}: {error}"
print(json.dumps([found, missing]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Versions by package, and why a package cannot be used."""

    python: Path
    versions: Mapping[str, str]
    missing: Mapping[str, str]

    def lacks(self, entry: Entry) -> str | None:
        """Why a peer cannot run here."""
        return self.missing.get(entry.package)


def environment(python: Path, peers: Sequence[Entry] = PEERS) -> Environment:
    """Ask an environment's Python for some peers; one that does not answer has nothing."""
    packages = sorted({entry.package for entry in peers})
    # Made absolute, but not resolved: behind the link stands a Python that knows nothing of the environment.
    python = python.absolute()
    command = [str(python), "-c", ASKED, ",".join(packages), ",".join(ALSO)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
        versions, missing = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        missing = dict.fromkeys(packages, f"{python} cannot be used: {str(said).strip().splitlines()[-1]}")
        return Environment(python=python, versions={}, missing=missing)
    return Environment(python=python, versions=versions, missing=missing)
