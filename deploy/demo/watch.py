"""Looks at the running workers and at the ledger, for the live table."""

import json
import urllib.error
import urllib.request
from typing import Any

from deploy.demo.feeding import Feeder
from deploy.demo.summary import MODEL
from deploy.demo.tally import Tally
from deploy.demo.view import Scene, Worker
from deploy.local.stack import LocalStack
from headrace.clickhouse.client import ClickHouse
from headrace.errors import HeadraceError
from headrace.ledger.ledger import Ledger

RECENT = 5000


class Watch:
    """Makes scenes of what can be seen from outside."""

    def __init__(self, stack: LocalStack, tally: Tally, ledger: Ledger, clickhouse: ClickHouse) -> None:
        self._stack, self._tally, self._ledger, self._clickhouse = stack, tally, ledger, clickhouse
        self.scorers: list[str] = []

    def scene(self, feeder: Feeder) -> Scene:
        """What there is to see now."""
        p50, p99 = self._tally.percentiles(RECENT)
        return Scene(
            event_time=feeder.event_time.strftime("%Y-%m-%d %H:%M"),
            workers=tuple(self._worker(name) for name in self.scorers),
            rate=self._tally.rate(),
            p50_ms=p50,
            p99_ms=p99,
            counts=self._counts(),
        )

    def served(self) -> set[tuple[str, ...]]:
        """What the scorers serve; a single element once all serve the same."""
        return {tuple(status(self._stack.workers.http_ports[name]).get("versions", ())) for name in self.scorers}

    def labels(self) -> int:
        """How many labels are in ClickHouse."""
        return int(self._clickhouse.rows(f"SELECT count() FROM {MODEL}_labels FINAL")[0][0])

    def _worker(self, name: str) -> Worker:
        told = status(self._stack.workers.http_ports[name])
        state = "gone" if not told else "ready" if told["ready"] else "starting"
        return Worker(name=name, state=state, version=",".join(told.get("versions", [])), ok=told.get("ok", 0))

    def _counts(self) -> dict[str, int]:
        try:
            total = self._ledger.count().total
        except HeadraceError:
            return {"sent": self._tally.sent}
        return {
            "received": total.received,
            "answered": total.answered,
            "rejected": total.rejected,
            "logged": total.rows,
            "unaccounted": total.unaccounted,
        }


def status(port: int) -> dict[str, Any]:
    """What a worker says of itself; empty when it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=0.5) as reply:
            told: dict[str, Any] = json.load(reply)
            return told
    except (urllib.error.URLError, OSError, ValueError):
        return {}


def ready(port: int) -> bool:
    """Whether a worker takes requests."""
    return bool(status(port).get("ready"))
