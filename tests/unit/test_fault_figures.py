"""What the fault campaign reckons: slopes with their interval, ages, plans from a seed."""

import random

import numpy as np
import pytest

from tests.faults.campaign.footprint import trend
from tests.faults.campaign.lag import Sample
from tests.faults.campaign.load import age
from tests.faults.campaign.mixed import TRACKS, Mix, plan

HOURS = np.arange(600) / 3600


@pytest.mark.parametrize("seed", range(5))
def test_memory_that_wanders_about_one_value_has_a_slope_that_may_be_nothing(seed: int) -> None:
    """Each sample depends on the one before, as memory does; single samples would seem far too sure."""
    noise = np.random.default_rng(seed).normal(0, 0.2, len(HOURS))
    wander = [0.0]
    for step in noise[1:]:
        wander.append(0.9 * wander[-1] + step)
    found = trend(HOURS, 250 + np.array(wander))
    assert found.low * HOURS[-1] <= 0.5


def test_memory_that_grows_by_three_megabytes_in_ten_minutes_is_seen_to() -> None:
    noise = np.random.default_rng(1).normal(0, 0.3, len(HOURS))
    found = trend(HOURS, 250 + 18 * HOURS + noise)
    assert found.low > 15 and found.high < 21 and found.low <= found.per_hour <= found.high
    assert found.most >= found.last > found.first + 2


def test_an_age_is_that_of_the_first_request_that_was_not_yet_there() -> None:
    samples = [Sample(at=float(t), accepted=100 * t, received=100 * max(0, t - 4)) for t in range(10)]
    assert age(samples, 9.0) == pytest.approx(4.0)
    assert age([Sample(at=0.0, accepted=5, received=5), Sample(at=1.0, accepted=5, received=5)], 1.0) == 0
    assert age([], 1.0) is None


def test_one_seed_draws_one_plan_and_every_step_of_it_can_be_done() -> None:
    plans = [[plan(chance, kinds, 300.0) for kinds in TRACKS] for chance in (random.Random(7), random.Random(7))]
    assert plans[0] == plans[1] != [plan(random.Random(8), kinds, 300.0) for kinds in TRACKS]
    for steps, kinds in zip(plans[0], TRACKS, strict=True):
        assert 300.0 <= sum(step.after_s + step.lasts_s for step in steps) < 330.0
        assert all(hasattr(Mix, step.what.replace(" ", "_")) and step.what in kinds for step in steps)
