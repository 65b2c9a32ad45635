"""Jobs of a site's model, submitted and awaited as anybody would."""

import json
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
WAIT = ("--wait", "--json")


def write(path: Path, rows: int, names: tuple[str, ...]) -> Path:
    """So many rows of random doubles."""
    random = np.random.default_rng(rows)
    schema = pa.schema([(name, pa.float64()) for name in names])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, ROW_GROUP):
            values = random.normal(size=(min(ROW_GROUP, rows - start), len(names)))
            writer.write_table(pa.table(dict(zip(names, values.T, strict=True)), schema=schema))
    return path


def job(site: Site, source: Path, name: str, version: str, rows_per_part: int = 100_000) -> Mapping[str, float]:
    """Seconds from the submission to the manifest, and those that workers spent on parts."""
    asked = ("batch", "submit", site.model, "--input", str(source), "--output", str(site.folder / "out" / name))
    told = _json(
        site, "headrace", *asked, "--job", name, "--version", version, "--rows-per-part", str(rows_per_part), *WAIT
    )
    manifest = JobStore.open(str(site.folder / "registry")).manifest(name)
    if manifest is None or told["rows_scored"] != told["rows"]:
        raise BenchFailed(f"the job {name} is {told['state']}: {told['parts_failed']}")
    return {"seconds": manifest.seconds, "on_parts_s": sum(one.seconds for one in manifest.parts)}


def alone(site: Site, source: Path, version: str) -> Mapping[str, float]:
    """Seconds and CPU seconds of the model alone."""
    digest = site.registry.digest(site.model, version)
    bundle = site.registry.fetch_bundle(site.model, version, digest, site.folder / "cache")
    found: Mapping[str, float] = _json(site, "deploy.bench.batch.alone", str(source), str(bundle))
    return found


def _json(site: Site, *module_and_arguments: str) -> Any:
    own = {
        "HEADRACE_CONFIG": str(site.folder / "settings.toml"),
        "HEADRACE_DATA_DIR": str(site.folder),
        "HEADRACE_KAFKA__BOOTSTRAP": site.address.bootstrap,
    }
    argv = [sys.executable, "-m", *module_and_arguments]
    done = subprocess.run(argv, env=environment(own), capture_output=True, text=True, timeout=PATIENCE_S)
    if done.returncode:
        raise BenchFailed(f"{' '.join(module_and_arguments[:3])} failed: {done.stderr.strip() or done.stdout.strip()}")
    return json.loads(done.stdout.splitlines()[-1])
