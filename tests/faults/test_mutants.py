"""Mistakes that the fault campaign makes in a copy of the product; `make faults` runs them all."""

from pathlib import Path

import pytest

from tests.faults.campaign.mutants.listed import mutants
from tests.faults.campaign.mutants.mutant import Edit, Mutant
from tests.faults.campaign.mutants.running import run_mutants
from tests.faults.campaign.outcome import Outcome

# Named by the table of faults; the others are asked for by `make faults` only.
NAMED = (
    "offsets-before-produce",
    "metadata-at-commit",
    "random-insert-token",
    "queued-not-counted",
    "signature-unchecked",
)
CHEAPEST = "queued-not-counted"
FIRST = mutants()[0]


def test_the_mutants_that_the_campaign_promises_are_there_under_names_of_their_own() -> None:
    names = [mutant.name for mutant in mutants()]
    assert set(NAMED) <= set(names) and len(set(names)) == len(names)


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)
def test_what_a_mutant_changes_still_stands_in_the_product(mutant: Mutant, tmp_path: Path) -> None:
    mutant.grow(tmp_path)
    for edit in mutant.edits:
        assert edit.new in (tmp_path / edit.file).read_text(encoding="utf-8")


def test_a_mutant_whose_text_is_gone_is_no_mutant(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one\n", encoding="utf-8")
    with pytest.raises(LookupError, match="0 times and not once: 'two'"):
        Edit(file="a.py", old="two", new="three").apply(tmp_path)


def test_only_the_checks_that_a_mutant_must_fall_to_count() -> None:
    log = Path(__file__)
    assert FIRST.verdict(_outcome(checks={"lost": 3}, lost=3), [])["caught_by"] == ["lost"]
    for other in (
        _outcome(checks={"duplicate": 3}),
        _outcome(checks={"lost": 9}, lost=9),
        _outcome(checks={"lost": 3}, lost=3, happened=0),
        _outcome(checks={}),
    ):
        told = FIRST.verdict(other, [])
        assert told["caught_by"] == [] and told["why"]
    # This file holds the word that a log has when something was raised: Traceback.
    told = FIRST.verdict(_outcome(checks={"lost": 3}, lost=3), [log])
    assert told["caught_by"] == [] and log.name in str(told["why"])


@pytest.mark.timeout(300)
def test_the_checker_catches_a_product_that_does_not_count_what_was_queued(kafka_jars: None, tmp_path: Path) -> None:
    told = run_mutants(1, tmp_path, [CHEAPEST])
    assert told[CHEAPEST]["caught_by"] == ["lost"], told


def _outcome(*, checks: dict[str, int], lost: int = 0, happened: int = 1) -> Outcome:
    row = {"fault": "f", "title": "t", "rows": (1,), "seed": 1, "brief": True, "acknowledged": 9}
    return Outcome(**row, checks=checks, lost=lost, happened=happened)  # type: ignore[arg-type]
