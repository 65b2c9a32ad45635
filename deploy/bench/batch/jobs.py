"""Jobs of a site's model, submitted and awaited as anybody would; and others that score the same file."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from deploy.bench.errors import BenchFailed
from deploy.bench.process import environment
from deploy.bench.site import Site
from headrace.batch.store import JobStore

PATIENCE_S = 1200.0
ROW_GROUP = 100_000


def write(path: Path, rows: int, names: tuple[str, ...]) -> Path:
    """So many rows of random doubles."""
    random = np.random.default_rng(rows)
    schema = pa.schema([(name, pa.float64()) for name in names])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, ROW_GROUP):
            values = random.normal(size=(min(ROW_GROUP, rows - start), len(names)))
            writer.write_table(pa.table(dict(zip(names, values.T, strict=True)), schema=schema))
    return path


def job(site: Site, source: Path, name: str, version: str, rows_per_part: int | None = None) -> Mapping[str, float]:
    """Seconds from the submission to the manifest, and those that workers spent on parts; its output goes again."""
    part = () if rows_per_part is None else ("--rows-per-part", str(rows_per_part))
    told = submit(site, source, name, version, *part, "--wait")
    manifest = JobStore.open(str(site.folder / "registry")).manifest(name)
    if manifest is None or told["rows_scored"] != told["rows"]:
        raise BenchFailed(f"the job {name} is {told['state']}: {told['parts_failed']}")
    shutil.rmtree(manifest.output)
    return {"seconds": manifest.seconds, "on_parts_s": sum(one.seconds for one in manifest.parts)}


def submit(site: Site, source: Path, name: str, version: str, *more: str) -> Any:
    """A job as it is told when it was submitted, or with --wait when it has ended."""
    output = str(site.folder / "out" / name)
    asked = ("submit", site.model, "--input", str(source), "--output", output, "--job", name, "--version", version)
    return _json(site, sys.executable, "headrace", "batch", *asked, *more, "--json")


def cancel(site: Site, name: str) -> None:
    """Let nobody take further parts of it."""
    _json(site, sys.executable, "headrace", "batch", "cancel", name, "--json")


def alone(site: Site, source: Path, version: str) -> Mapping[str, float]:
    """Seconds and CPU seconds of the model alone."""
    found: Mapping[str, float] = _json(
        site, sys.executable, "deploy.bench.batch.alone", str(source), _bundle(site, version)
    )
    return found


def peer(site: Site, python: Path, module: str, source: Path, version: str, workers: int) -> Mapping[str, float]:
    """Seconds and CPU seconds of another library's way; its output goes again."""
    output = site.folder / "peer.parquet"
    arguments = (str(source), _bundle(site, version), str(output), str(workers))
    found: Mapping[str, float] = _json(site, str(python), module, *arguments)
    shutil.rmtree(output) if output.is_dir() else output.unlink()
    return found


def _bundle(site: Site, version: str) -> str:
    digest = site.registry.digest(site.model, version)
    return str(site.registry.fetch_bundle(site.model, version, digest, site.folder / "cache"))


def _json(site: Site, python: str, *module_and_arguments: str) -> Any:
    own = {
        "HEADRACE_CONFIG": str(site.folder / "settings.toml"),
        "HEADRACE_DATA_DIR": str(site.folder),
        "HEADRACE_KAFKA__BOOTSTRAP": site.address.bootstrap,
    }
    argv = [python, "-m", *module_and_arguments]
    done = subprocess.run(argv, env=environment(own), capture_output=True, text=True, timeout=PATIENCE_S)
    if done.returncode:
        raise BenchFailed(f"{' '.join(module_and_arguments[:3])} failed: {done.stderr.strip() or done.stdout.strip()}")
    return json.loads(done.stdout.splitlines()[-1])
