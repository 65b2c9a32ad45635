"""From runs to what is printed."""

import json

import numpy as np
import pytest
from rich.console import Console

from deploy.bench.answers import Found
from deploy.bench.errors import BenchFailed
from deploy.bench.measuring import Run
from deploy.bench.plan import Plan, warm_of
from deploy.bench.result import Result, legend, table
from deploy.bench.roster import OURS, PEERS

ORDER = [entry.name for entry in OURS]


def result(**rates: list[float]) -> Result:
    """A result with these rates; a contender that is not named ran at 100."""
    rounds = len(next(iter(rates.values())))
    runs = {name: [Run(rate=rate, us_cpu=rate / 10) for rate in rates.get(name, [100.0] * rounds)] for name in ORDER}
    return Result(runs=runs, bytes_a_record={"request": 200.0, "answer": 146.0, "log": 180.0})


def test_the_object_holds_a_number_for_each_contender_and_its_rounds() -> None:
    facts = result(headrace=[300.0, 100.0, 200.0]).facts()
    assert (facts["headrace"], facts["rounds"]["headrace"]) == (200, [300, 100, 200])
    assert (facts["min"]["headrace"], facts["max"]["headrace"]) == (100, 300)
    assert facts["us_cpu_per_record"] == dict.fromkeys(ORDER, 10) | {"headrace": 20}
    assert json.loads(json.dumps(facts)) == facts


def test_a_ratio_compares_neighbours_of_one_round() -> None:
    # The machine was twice as busy in the second round and ten times in the third: of medians alone it would be 0.5.
    found = result(headrace=[50.0, 40.0, 8.0], limit=[100.0, 50.0, 10.0])
    assert found.ratio("limit") == pytest.approx(0.8)


def test_the_table_has_a_row_for_each_contender() -> None:
    console = Console(width=200)
    with console.capture() as shown:
        console.print(table(result(headrace=[300.0])))
    assert all(name in shown.get() for name in ORDER)
    assert "3.00 x" in shown.get()


def test_a_rate_counts_only_what_came_behind_the_warm_up() -> None:
    dates = np.array([0, 0, 1000, 1000, 1500, 2000])
    assert Found(at_ms=dates, size=0).rate(2) == pytest.approx(2.0)


def test_answers_that_came_in_one_piece_have_no_rate() -> None:
    with pytest.raises(BenchFailed, match="one piece"):
        Found(at_ms=np.array([7, 7, 7]), size=0).rate(1)


@pytest.mark.parametrize(("records", "stock"), [(300_000, 6_000), (10_000, 600), (100, 100)])
def test_stock_faust_answers_fewer_requests_but_never_more_than_there_are(records: int, stock: int) -> None:
    (faust,) = (entry for entry in OURS if entry.name == "stock_faust")
    found = Plan(records=records, rounds=1, batch_rows=5000).records_of(faust)
    assert found == stock
    assert 0 < warm_of(found) < found


def test_a_peer_that_could_not_run_is_named_with_the_reason() -> None:
    runs = {"headrace": [Run(rate=10.0, us_cpu=1.0)], "limit": [Run(rate=20.0, us_cpu=1.0)]}
    found = Result(runs=runs, bytes_a_record={}, absent={"bytewax": "no wheel for this Python"}, versions={})
    assert found.facts()["absent"] == {"bytewax": "no wheel for this Python"}
    assert "takes no part: no wheel for this Python" in legend(found)
    assert found.facts()["ratios"] == {"headrace/limit": 0.5}


def test_every_contender_says_what_it_does_and_has_a_name_of_its_own() -> None:
    names = [entry.name for entry in (*OURS, *PEERS)]
    assert len(names) == len(set(names))
    assert all(entry.meaning for entry in (*OURS, *PEERS))
