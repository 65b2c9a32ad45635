"""Rows a second of the sink, and of inserting the same columns directly; each into a new, empty engine."""

import json
import time
from dataclasses import asdict

from deploy.bench.errors import BenchFailed
from deploy.bench.groups import forget
from deploy.bench.measured import CPU
from deploy.bench.process import Running, running
from deploy.bench.sink.blocks import Backlog
from deploy.bench.sink.direct import Task
from deploy.bench.sink.engine import Engine, engine
from deploy.bench.site import Site

GROUP = "headrace.sink"
LOOK_S = 0.1
PATIENCE_S = 300.0


def sink(site: Site, backlog: Backlog, insert_rows: int, number: int) -> dict[str, float]:
    """`headrace worker sink`, from the beginning of the log blocks."""
    forget(site.address, GROUP)
    with engine(site.folder, f"sink-{number}", site) as into:
        env = into.env | {"HEADRACE_WORKER__SINK_ROWS": str(insert_rows)}
        with site.worker("sink", f"sink-worker-{number}", env=env) as child:
            return _watch(into, child, site.model, backlog.rows)


def direct(site: Site, backlog: Backlog, insert_rows: int, number: int) -> dict[str, float]:
    """The same columns, made ready beforehand."""
    with engine(site.folder, f"direct-{number}", site) as into:
        task = Task(
            host=into.address.host,
            port=into.address.port,
            table=f"{site.model}_predictions",
            blocks=str(backlog.file),
            insert_rows=insert_rows,
        )
        file = site.folder / "direct.json"
        file.write_text(json.dumps(asdict(task)), encoding="utf-8")
        with running(site.folder, f"direct-worker-{number}", "deploy.bench.sink.direct", str(file)) as child:
            return _watch(into, child, site.model, backlog.rows)


def _watch(into: Engine, child: Running, model: str, rows: int) -> dict[str, float]:
    """From the end of the first insert to that of the last one."""
    deadline = time.monotonic() + PATIENCE_S
    began = None
    while True:
        now, found, cpu_s, engine_s = time.monotonic(), into.count(model), _cpu_s(child), into.child.cpu_s
        if found and began is None:
            began = (now, found, cpu_s, engine_s)
        if found >= rows:
            break
        if child.process.poll() not in (None, 0) or now > deadline:
            raise BenchFailed(f"{child.name} wrote {found} of {rows} rows:\n{child.said}")
        time.sleep(LOOK_S)
    if began is None or found == began[1]:
        raise BenchFailed(f"{rows} rows came in one insert; measure more rows or smaller inserts")
    if found != rows:
        raise BenchFailed(f"{child.name} wrote {found} rows where there are {rows}")
    later = found - began[1]
    return {
        "rows_per_s": later / (now - began[0]),
        CPU: (cpu_s - began[2]) / later * 1e6,
        f"engine_{CPU}": (engine_s - began[3]) / later * 1e6,
    }


def _cpu_s(child: Running) -> float:
    """What it has used; of one that has ended nobody can say."""
    try:
        return child.cpu_s
    except FileNotFoundError:
        return float("nan")
