"""From rounds to what is printed, for all benches alike."""

import json

import pytest
from rich.console import Console

from deploy.bench.measured import CPU, Measured, spelt


def measured() -> Measured:
    """Two contenders over three rounds; the machine was ten times as busy in the last one."""
    found = Measured("sink", "rows a second", "rate")
    for ours, theirs in ((50.0, 100.0), (40.0, 50.0), (8.0, 10.0)):
        found.add("headrace", rate=ours, **{CPU: ours / 10})
        found.add("direct", rate=theirs)
    found.compare("headrace", "direct")
    return found


def test_the_object_holds_rounds_median_least_and_most_of_each_figure() -> None:
    facts = measured().facts()
    assert facts["contenders"]["headrace"] == {
        "rounds": [50, 40, 8],
        "median": 40,
        "min": 8,
        "max": 50,
        CPU: {"rounds": [5, 4, 0.8], "median": 4, "min": 0.8, "max": 5},
    }
    assert (facts["bench"], facts["what"], facts["figure"]) == ("sink", "rows a second", "rate")
    assert json.loads(json.dumps(facts)) == facts


def test_a_ratio_compares_neighbours_in_time() -> None:
    # Of the medians alone it would be 40/50 as well, of the means 98/160.
    found = measured()
    found.add("headrace", rate=90.0)
    found.add("direct", rate=100.0)
    assert found.facts()["ratios"] == {"headrace/direct": 0.8}
    assert found.ratio("direct", "headrace") == pytest.approx(1.25, abs=0.02)


def test_a_contender_that_missed_a_round_is_not_compared_with_one_that_did_not() -> None:
    found = measured()
    found.add("headrace", rate=1.0)
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        found.facts()


def test_the_table_has_a_row_for_each_contender_and_a_gap_where_a_figure_is_not_known() -> None:
    console = Console(width=200)
    with console.capture() as shown:
        console.print(measured().table())
    rows = [line.split("│") for line in shown.get().splitlines() if "headrace" in line or "direct" in line]
    assert [row[1].strip() for row in rows] == ["headrace", "direct"]
    assert [row[5].strip() for row in rows] == ["4", ""]
    assert [row[6].strip() for row in rows] == ["0.80 x", ""]


def test_the_chief_figure_comes_first_whatever_the_order_in_which_they_were_noted() -> None:
    found = Measured("latency", "milliseconds", "p99_ms")
    found.add("echo", p50_ms=1.0, p99_ms=3.0)
    found.add("headrace", late_ms=0.1, p50_ms=2.0, p99_ms=4.0)
    assert found.figures == ("p99_ms", "p50_ms", "late_ms")


@pytest.mark.parametrize(
    ("value", "text"), [(123456.7, "123,457"), (99.96, "100.0"), (12.34, "12.3"), (0.01234, "0.0123"), (-150.2, "-150")]
)
def test_numbers_are_spelt_with_about_three_digits(value: float, text: str) -> None:
    assert spelt(value) == text
