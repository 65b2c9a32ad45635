"""What is scored, by whom, and one round of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.bench.batch.jobs import ROW_GROUP, alone, job, peer, write
from deploy.bench.environment import Environment
from deploy.bench.measured import CPU, Measured
from deploy.bench.memory.sampling import peak_mb
from deploy.bench.process import Running, await_all
from deploy.bench.roster import BATCH_PEERS
from deploy.bench.session import Session
from deploy.bench.site import Site

KINDS = {"linear": "v1", "boosting": "v2"}
WARM_ROWS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A file of so many rows and a site whose workers score it; peers: the environment of others, if there is one."""

    run: Session
    site: Site
    source: Path
    rows: int
    measured: Measured
    peers: Environment | None

    @contextmanager
    def worker(self, number: int) -> Iterator[Running]:
        """One more worker, which has loaded both models before anything is measured."""
        with self.site.worker("batch", f"batch-{number}") as running:
            await_all((running,), running.ready, "a batch worker")
            warm = write(self.run.folder / f"warm{number}.parquet", WARM_ROWS, self.site.features.names)
            for version in KINDS.values():
                job(self.site, warm, f"warm-{number}-{version}", version, WARM_ROWS // 24)
            yield running

    def round(self, kind: str, running: list[Running], turn: int, *, last: bool) -> None:
        """The model alone, as often as one worker runs; so many workers; the peers, beside the most workers."""
        version, workers = KINDS[kind], len(running)
        if workers == 1:
            self._other(f"{kind}, alone", alone(self.site, self.source, version))
        seconds, more = scored(self.site, self.source, f"{kind}-{workers}-{turn}", version, running, self.rows)
        self._note(f"{kind}, {workers}", seconds, more)
        if last and self.peers:
            for entry in BATCH_PEERS:
                if not self.peers.lacks(entry):
                    found = peer(self.site, self.peers.python, entry.module, self.source, version, workers)
                    self._other(f"{kind}, {entry.name}", found)

    def _other(self, name: str, found: Mapping[str, float]) -> None:
        self._note(name, found["seconds"], {CPU: found["cpu_s"] / self.rows * 1e6})

    def _note(self, name: str, seconds: float, more: Mapping[str, float]) -> None:
        self.measured.add(name, rows_per_s=self.rows / seconds, **more)
        told = ", ".join(f"{figure} {value:.3g}" for figure, value in more.items())
        self.run.told(f"{name:24} {self.rows / seconds:12,.0f} rows/s, {told}")


def scored(
    site: Site, source: Path, name: str, version: str, running: list[Running], rows: int, part: int | None = ROW_GROUP
) -> tuple[float, dict[str, float]]:
    """A job from its submission to its manifest, and what its workers took for it."""
    before = sum(child.cpu_s for child in running)
    done = job(site, source, name, version, part)
    more = {CPU: (sum(child.cpu_s for child in running) - before) / rows * 1e6}
    more["peak_mb"] = max(peak_mb(child.pid) for child in running)
    if len(running) == 1:
        more["overhead"] = 1 - done["on_parts_s"] / done["seconds"]
    return done["seconds"], more
