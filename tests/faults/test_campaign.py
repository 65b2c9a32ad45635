"""A subset of the fault campaign in its brief form, two faults beside each other; `make faults` runs all of it."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import asdict, replace

import pytest

from tests.faults.campaign.coverage import NOT_SHOWN, ROWS, not_covered
from tests.faults.campaign.faults import all_faults
from tests.faults.campaign.lag import Sample, recovery
from tests.faults.campaign.lanes import Lanes
from tests.faults.campaign.outcome import Outcome
from tests.faults.campaign.reliability import render
from tests.faults.campaign.report import passed

SEED = 1
SUBSET = (
    "scorer-killed",
    "scorer-zombie-before-produce",
    "model-raises",
    "clickhouse-reply-lost",
    "sink-killed",
    "poison",
    "bundle-spoilt",
)


@pytest.fixture(scope="module")
def running(
    kafka_jars: None, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Mapping[str, Future[Outcome]]]:
    """The outcome of each fault that was asked for, once there is one; every fault runs on servers of its own."""
    asked = [name for name in SUBSET if any(item.name.endswith(f"[{name}]") for item in request.session.items)]
    faults = {fault.name: fault for fault in all_faults()}
    lanes = Lanes(tmp_path_factory.mktemp("campaign"), SEED, lanes=1, brief=True)
    try:
        yield {name: lanes.submit([faults[name]], lambda _: None)[0] for name in asked}
    finally:
        lanes.stop()


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", SUBSET)
def test_nothing_is_lost_and_nothing_repeated_through(name: str, running: Mapping[str, Future[Outcome]]) -> None:
    outcome = running[name].result()
    assert outcome.ok or outcome.reason, outcome


def test_every_row_of_the_table_has_a_fault_or_a_reason() -> None:
    assert not_covered(all_faults()) == []
    assert set(NOT_SHOWN) <= set(ROWS) and all(NOT_SHOWN.values())


def test_a_row_without_a_fault_is_missed() -> None:
    faults = [fault for fault in all_faults() if 1 not in fault.rows]
    assert not_covered(faults)[0] == 1


def test_recovery_is_told_once_the_accepted_of_the_strike_have_arrived_and_no_others_wait() -> None:
    def at(second: float, accepted: int, received: int) -> Sample:
        return Sample(at=second, accepted=accepted, received=received)

    before = [at(0, 100, 100), at(5, 200, 200)]
    behind = [at(10, 300, 200), at(16, 480, 250), at(20, 500, 300), at(21, 510, 490)]
    assert recovery([*before, *behind], 9) == 12
    assert recovery([*before, *behind[:-1]], 9) is None
    assert recovery([*before, at(10, 300, 300)], 9) == 1
    assert recovery([*before, at(10, 300, 299)], 9) is None
    assert recovery(before, 9) is None


def test_the_page_names_what_did_not_hold() -> None:
    row = asdict(Outcome(fault="f", title="It breaks.", rows=(1,), seed=7, brief=False, lost=3, failures=("lost: r1",)))
    on = {"date": "d", "commit": "c", "seed": 7, "seconds": 1, "lanes": 2, "processor": "p", "cores": 2}
    on |= {"memory_gb": 1, "system": "s", "python": "3", "kafka": "4", "packages": {}}
    page = render([{"about": on, "faults": [row], "mutants": {"m": {"caught_by": []}}}])
    assert "`f`, seed 7: lost: r1" in page and "**3 were lost**" in page
    assert "| m | **nothing** |" in page and "1 deliberately broken versions of Headrace 0 were caught" in page
    assert "<!--" not in page


def test_a_mutant_that_survives_fails_the_run_and_so_does_a_row_that_nothing_covers() -> None:
    held = Outcome(fault="f", title="t", rows=(1,), seed=1, brief=False, ok=True)
    assert passed([held], {"m": {"caught_by": ["lost"]}}, [])
    assert not passed([held], {"m": {"caught_by": []}}, [])
    assert not passed([held], None, [2])
    assert not passed([held, replace(held, ok=False)], None, [])
    assert passed([held, replace(held, ok=False, reason="no tmpfs here")], None, [])
