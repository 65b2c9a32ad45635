"""From runs to what is printed."""

import json

import numpy as np
import pytest
from rich.console import Console

from deploy.bench.answers import Found
from deploy.bench.errors import BenchFailed
from deploy.bench.measuring import Run
from deploy.bench.plan import Plan, warm_of
from deploy.bench.result import ORDER, Result, table


def result(**rates: list[float]) -> Result:
    """A result with these rates; a contender that is not named ran at 100."""
    rounds = len(next(iter(rates.values())))
    runs = {name: [Run(rate=rate, us_cpu=rate / 10) for rate in rates.get(name, [100.0] * rounds)] for name in ORDER}
    return Result(runs=runs, bytes_a_record={"request": 200.0, "answer": 146.0, "log": 180.0})


def test_the_object_holds_a_number_for_each_contender_and_its_rounds() -> None:
    facts = result(headrace=[300.0, 100.0, 200.0]).facts()
    assert (facts["headrace"], facts["rounds"]["headrace"]) == (200, [300, 100, 200])
    assert (facts["min"]["headrace"], facts["max"]["headrace"]) == (100, 300)
    assert facts["us_cpu_per_record"] == {"limit": 10, "headrace": 20, "careful": 10, "stock_faust": 10}
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
    plan = Plan(records=records, rounds=1, batch_rows=5000)
    assert plan.stock_records == stock
    assert 0 < warm_of(plan.stock_records) < plan.stock_records
