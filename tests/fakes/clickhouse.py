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
    is lost. spent: tokens of rows that never came to be there, as a kill in the middle of an insert leaves them.
    """

    def __init__(self) -> None:
        self.inserts: list[Insert] = []
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._tokens: set[tuple[str, str]] = set()
        self._faults: dict[str, tuple[Exception, bool]] = {}
        self.tasks: dict[str, str] = {}

    def fail(self, table: str, error: Exception, *, kept: bool = False) -> None:
        self._faults[table] = error, kept

    def spend(self, table: str, token: str) -> None:
        self._tokens.add((table, token))

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
        """What the sink asks: how far a place is, what of a range is there, and what a model is for."""
        asked = dict(parameters or {})
        own, table = query.split()[1], query.partition("FROM ")[2].split()[0]
        if table == "models":
            return [(self.tasks[asked["model"]],)] if asked["model"] in self.tasks else []
        least, most = asked.pop("least", 0), asked.pop("most", 0)
        ours = [row for row in self.held(table) if all(row[name] == value for name, value in asked.items())]
        if own.startswith("max("):
            return [(max((row["offset"] for row in ours), default=0), len(ours))]
        return [(row[own],) for row in ours if least <= row[own] <= most]

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
