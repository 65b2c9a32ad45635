"""What was known at `until` trains, what followed evaluates."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.core.query import Query, instant, query
from trainer.core.split import split
from trainer.errors import QueryError
from trainer.history import INSTANT

START = datetime(2024, 1, 1, tzinfo=UTC)
ASKED = Query(since=None, until=START + timedelta(hours=10), evaluate_until=START + timedelta(hours=20))


def history(*rows: tuple[str, float, float | None, bool | None]) -> pa.Table:
    """Rows of request_id, hours to the event, hours to the label, label."""
    return pa.table(
        {
            "request_id": pa.array([row[0] for row in rows], pa.string()),
            "event_time": pa.array([at(row[1]) for row in rows], INSTANT),
            "label_time": pa.array([at(row[2]) for row in rows], INSTANT),
            "label": pa.array([row[3] for row in rows], pa.bool_()),
        }
    )


def at(hours: float | None) -> datetime | None:
    return None if hours is None else START + timedelta(hours=hours)


def ids(table: pa.Table) -> list[str]:
    return table["request_id"].to_pylist()


def test_a_label_that_had_not_landed_is_not_learned_from() -> None:
    parts = split(history(("in time", 8, 10, True), ("too late", 8, 10.001, True)), ASKED)
    assert ids(parts.training) == ["in time"]
    assert ids(parts.evaluation) == []


def test_an_event_at_until_evaluates_and_one_at_evaluate_until_does_neither() -> None:
    parts = split(history(("before", 9.9, 9.95, True), ("at", 10, 99, True), ("end", 20, 21, True)), ASKED)
    assert ids(parts.training) == ["before"]
    assert ids(parts.evaluation) == ["at"]


def test_rows_without_label_are_in_neither_part() -> None:
    parts = split(history(("a", 1, None, None), ("b", 1, None, True), ("c", 12, 13, None)), ASKED)
    assert ids(parts.training) == ids(parts.evaluation) == []


def test_since_leaves_out_what_happened_before_it() -> None:
    asked = Query(since=START + timedelta(hours=5), until=ASKED.until, evaluate_until=ASKED.evaluate_until)
    assert ids(split(history(("a", 4.9, 6, True), ("b", 5, 6, True)), asked).training) == ["b"]


@given(
    st.lists(
        st.tuples(
            st.text("abc", min_size=1, max_size=3),
            st.floats(0, 30),
            st.one_of(st.none(), st.floats(0, 30)),
            st.one_of(st.none(), st.booleans()),
        ),
        max_size=30,
    )
)
def test_no_row_looks_ahead_whatever_the_history(rows: list[tuple[str, float, float | None, bool | None]]) -> None:
    parts = split(history(*rows), ASKED)
    assert all(t < ASKED.until for t in parts.training["event_time"].to_pylist())
    assert all(t <= ASKED.until for t in parts.training["label_time"].to_pylist())
    assert all(ASKED.until <= t < ASKED.evaluate_until for t in parts.evaluation["event_time"].to_pylist())
    learnable = [r for r in rows if r[3] is not None and r[2] is not None and at(r[1]) < ASKED.until >= at(r[2])]  # type: ignore[operator]
    assert parts.training.num_rows == len(learnable)
    assert split(history(*reversed(rows)), ASKED).training["event_time"].equals(parts.training["event_time"])


def test_instants_are_utc_unless_they_name_a_zone() -> None:
    assert instant("2013-02-01") == datetime(2013, 2, 1, tzinfo=UTC)
    assert instant("2013-02-01T06:00+01:00") == datetime(2013, 2, 1, 5, tzinfo=UTC)


def test_evaluation_ends_evaluation_days_after_until_unless_asked_otherwise() -> None:
    def last(evaluate_until: str | None) -> datetime:
        asked = query(since=None, until="2013-02-01", evaluate_until=evaluate_until, evaluation_days=28)
        return asked.evaluate_until

    assert last(None) == datetime(2013, 3, 1, tzinfo=UTC)
    assert last("2013-02-08") == datetime(2013, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until", "evaluate_until", "said"),
    [
        (None, "soon", None, "'soon' is not a date"),
        ("2013-02-01", "2013-02-01", None, "is not before --until"),
        (None, "2013-02-01", "2013-02-01", "is not after --until"),
    ],
)
def test_instants_that_make_no_sense_are_refused(since: str, until: str, evaluate_until: str, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        query(since=since, until=until, evaluate_until=evaluate_until, evaluation_days=28)
