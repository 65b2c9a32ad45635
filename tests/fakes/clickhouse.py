"""The tables that the sink writes, in memory, with ClickHouse's rule for tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """One insert as it was asked for."""

    table: str
    columns: Mapping[str, Sequence[Any]]
    token: str | None


class FakeClickHouse:
    """Keeps every insert; rows of a token that a table has seen are not added again.

    fail(table, error) makes the next insert into a table fail; with kept=True the rows are there and only the answer
    is lost.
    """

    def __init__(self) -> None:
        self.inserts: list[Insert] = []
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._tokens: set[tuple[str, str]] = set()
        self._faults: dict[str, tuple[Exception, bool]] = {}
        self.tasks: dict[str, str] = {}

    def fail(self, table: str, error: Exception, *, kept: bool = False) -> None:
        self._faults[table] = error, kept

    def insert(
        self, table: str, columns: Mapping[str, Sequence[Any]], *, token: str | None = None, doing: str | None = None
    ) -> None:
        assert len({len(values) for values in columns.values()}) == 1, "columns of unequal length"
        error, kept = self._faults.pop(table, (None, True))
        self.inserts.append(Insert(table=table, columns=columns, token=token))
        if kept:
            self._keep(table, columns, token)
        if error is not None:
            raise error

    def rows(
        self, query: str, parameters: Mapping[str, Any] | None = None, *, doing: str = "querying"
    ) -> list[tuple[Any, ...]]:
        """The three questions that the sink asks."""
        asked = parameters or {}
        table = query.partition("FROM ")[2].split()[0]
        if table == "models":
            return [(self.tasks[asked["model"]],)] if asked["model"] in self.tasks else []
        ours = [
            row for row in self.held(table) if (row["topic"], row["partition"]) == (asked["topic"], asked["partition"])
        ]
        if table == "intents":
            open_ = {(row["first_offset"], row["last_offset"]): row["written_at"] for row in ours}
            return [span for span in sorted(open_, key=lambda s: open_[s]) if span[0] > asked["done"]]
        return [(max((row["offset"] for row in ours), default=0), len(ours))]

    def held(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table."""
        return self._rows.get(table, [])

    def tokens(self, table: str) -> list[str | None]:
        """The tokens of all inserts into a table, in order."""
        return [insert.token for insert in self.inserts if insert.table == table]

    def _keep(self, table: str, columns: Mapping[str, Sequence[Any]], token: str | None) -> None:
        if token is not None and (table, token) in self._tokens:
            return
        self._tokens |= {(table, token or "")} if token else set()
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        self._rows.setdefault(table, []).extend(rows)
