"""What every output does, and which one a plan means."""

from collections.abc import Callable
from typing import Protocol

from headrace.batch.job import Plan, Receipt, Source, Task
from headrace.batch.outputs import TABLE, in_folder
from headrace.batch.store import JobStore
from headrace.clickhouse.client import ClickHouse
from headrace.registry.store import WriteOnce
from streams.batch.answers import AnswersOutput, Deliver
from streams.batch.folder import FolderOutput
from streams.batch.rejects import Rejects
from streams.batch.scoring import Scored
from streams.batch.table import TableOutput
from streams.engine.batch import Batch


class Output(Protocol):
    """Takes a part piece by piece and puts it in place whole, once, however often it is tried.

    acknowledges: putting it in place commits the task's offset as well.
    """

    acknowledges: bool

    def add(self, scored: Scored) -> None:
        """Take the next piece."""

    def put(self, receipt: Receipt) -> Receipt | None:
        """The receipt with where the rows are; None when another task of the part does it."""


class Outputs:
    """Makes the outputs of parts. store_url: where rejected rows are kept that have no folder to lie beside."""

    def __init__(self, *, store_url: str, clickhouse: Callable[[], ClickHouse], deliver: Deliver) -> None:
        self._url, self._clickhouse, self._deliver = store_url, clickhouse, deliver

    def of(self, plan: Plan, task: Task, source: Source, *, typed: bool, batch: Batch) -> Output:
        """The output of a part."""
        part = plan.parts[task.part]
        if in_folder(plan):
            return FolderOutput(plan, part, source, typed=typed)
        store = WriteOnce(self._url, "job store")
        rejects = Rejects(store, f"jobs/{plan.job}/rejected/{part.number}.parquet", source, part.first)
        if plan.output.startswith(TABLE):
            return TableOutput(plan, part, rejects, typed=typed, clickhouse=self._clickhouse())
        return AnswersOutput(plan, part, rejects, batch=batch, task=task, store=JobStore(store), deliver=self._deliver)
