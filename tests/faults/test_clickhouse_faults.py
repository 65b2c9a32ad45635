"""ClickHouse away, and ClickHouse's answer lost on its way."""

import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.faults.proxy import Proxy
from tests.faults.worker import until
from tests.faults.world import World

AWAY_S = 10


@pytest.fixture
def proxy(clickhouse: tuple[str, int]) -> Iterator[Proxy]:
    """A proxy before the engine."""
    made = Proxy(clickhouse)
    yield made
    made.refuse()


def _through(proxy: Proxy) -> dict[str, str]:
    return {"HEADRACE_CLICKHOUSE__PORT": str(proxy.port), "HEADRACE_WORKER__SINK_SECONDS": "0.5"}


def test_an_insert_whose_answer_was_lost_adds_no_row_a_second_time(world: World, proxy: Proxy) -> None:
    """The connection is cut after the server executed the insert and before it could say so, for each kind of insert.

    Seen to fail with a random insert token: the rows of the cut insert were there twice.
    """
    world.scorer()
    sink = world.sink(**_through(proxy))
    sending = world.sending(rate=200)
    rows = f"{world.model}_predictions"
    for number, table in enumerate((rows, "blocks", "intents", rows), 1):
        proxy.lose_answer_to(f"INSERT INTO {table}")
        until(lambda number=number: proxy.cuts == number, f"a cut insert into {table}")  # type: ignore[misc]
    sending.stop()
    report = world.check()
    assert sink.said("intent-repeated") >= 3
    assert sink.ends == []
    assert report["faults"] == {}
    assert report["ok"] == report["sent"] == report["rows"] > 500


def test_while_clickhouse_is_away_the_sink_waits_and_scoring_goes_on(world: World, proxy: Proxy) -> None:
    """Seen to fail with a batch that ClickHouse did not take counted as written: rows lost."""
    world.scorer()
    sink = world.sink(**_through(proxy))
    sending = world.sending(rate=200)
    until(lambda: _rows(world) > 200, "rows before the fault")
    proxy.refuse()
    away_since = time.time()
    until(lambda: sink.said("clickhouse-away"), "the sink notices")
    until(lambda: time.time() > away_since + AWAY_S, "the end of the fault")
    before = _rows(world)
    proxy.accept()
    until(lambda: _rows(world) > before, "rows after the fault", 30)
    sending.stop()
    report = world.check()
    assert sink.ends == []
    assert sink.said("clickhouse-away") < 60, "it must not ask in a busy loop"
    assert report["faults"] == {}
    assert report["ok"] == report["sent"] == report["rows"] > 2000
    assert _longest_scoring_gap(world) < 5


def _rows(world: World) -> int:
    return int(world.query(f"SELECT count() FROM {world.model}_predictions")[0][0])


def _longest_scoring_gap(world: World) -> float:
    """Seconds between two batches of the scorer at most: it must not have noticed anything."""
    found = world.query(f"SELECT DISTINCT scored_at FROM {world.model}_predictions ORDER BY scored_at")
    return max((later - earlier).total_seconds() for (earlier,), (later,) in pairwise(found))
