"""The whole comparison: a rehearsal, then all contenders by turns, round after round."""

from collections.abc import Callable

from deploy.bench.contenders import Contender, Headrace, Rival
from deploy.bench.environment import Environment
from deploy.bench.errors import BenchFailed
from deploy.bench.ground import Ground, write_schema
from deploy.bench.measuring import Run, measure, rehearse
from deploy.bench.plan import Plan
from deploy.bench.result import Result
from deploy.bench.roster import HEADRACE, OURS, PEERS, Entry

Told = Callable[[str], None]


def compare(ground: Ground, plan: Plan, told: Told, peers: Environment | None = None) -> Result:
    """Measure all of them; told gets a line for a person about each step."""
    match = Match(ground, plan, told)
    for entry in OURS:
        match.enter(entry)
    for entry in PEERS if peers else ():
        match.enter(entry, peers)
    for number in range(1, plan.rounds + 1):
        match.round(number)
    return match.result(peers)


class Match:
    """Contenders on one ground, and what was measured of them."""

    def __init__(self, ground: Ground, plan: Plan, told: Told) -> None:
        self._ground, self._plan, self._told = ground, plan, told
        self._headrace = Headrace(ground, plan.batch_rows)
        told("rehearsal: headrace answers all requests once, to warm the broker and to see how many bytes it writes")
        self._sizes = rehearse(ground, self._headrace, plan.records)
        self._schema = write_schema(ground.data_dir, ground.work)
        self._entered: list[tuple[Entry, Contender]] = []
        self._runs: dict[str, list[Run]] = {}
        self._absent: dict[str, str] = {}

    def enter(self, entry: Entry, peers: Environment | None = None) -> None:
        """Let one take part, or note why it cannot."""
        if peers and (reason := peers.lacks(entry)):
            self._leave(entry, reason)
            return
        contender: Contender = self._headrace
        if entry.name != HEADRACE:
            python = {"python": str(peers.python)} if peers else {}
            contender = Rival(entry, self._ground, self._plan.batch_rows, self._schema, self._sizes, **python)
        self._entered.append((entry, contender))
        self._runs[entry.name] = []

    def round(self, number: int) -> None:
        """Measure each once. A peer that fails is out; that one of ours fails is the end."""
        for entry, contender in self._entered:
            if entry.name in self._absent:
                continue
            try:
                run = measure(self._ground, contender, self._plan.records_of(entry), number)
            except BenchFailed as error:
                if not entry.package:
                    raise
                self._leave(entry, str(error))
                continue
            self._runs[entry.name].append(run)
            shown = f"{entry.name:17} {run.rate:9,.0f} a second, {run.us_cpu:6.1f} µs CPU each"
            self._told(f"round {number} of {self._plan.rounds}: {shown}")

    def result(self, peers: Environment | None) -> Result:
        """All of it."""
        request = sum(len(value) for _, value in self._ground.work.requests) / self._plan.records
        sizes = {"request": request, "answer": self._sizes.answer, "log": self._sizes.log}
        return Result(
            runs={name: runs for name, runs in self._runs.items() if name not in self._absent},
            bytes_a_record={name: round(size, 1) for name, size in sizes.items()},
            absent=self._absent,
            versions=peers.versions if peers else {},
        )

    def _leave(self, entry: Entry, reason: str) -> None:
        self._absent[entry.name] = reason
        self._told(f"{entry.name} takes no part: {reason}")
