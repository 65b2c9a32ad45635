"""What is said of the answers around a release."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from deploy.bench.errors import BenchFailed
from deploy.bench.load.run import Answered
from deploy.bench.swap.case import Swapped
from deploy.bench.swap.windows import Answers, windows, wrong

N = 1000
SCORES = {"v1": np.linspace(0, 0.4, 5000), "v2": np.linspace(0.6, 1, 5000)}


def site(releases: int) -> Any:
    """All that is asked of a site here: how many releases there were."""
    return SimpleNamespace(releases=[str(n) for n in range(releases)], folder=Path())


def answers(**changes: Any) -> Answers:
    """Of 1,000 requests on two partitions; the second half is of the second release."""
    number = np.arange(N)
    release = (number >= N // 2).astype(np.int64)
    found = {
        "number": number,
        "version": np.where(release == 1, "v2", "v1").astype(object),
        "release": release,
        "score": np.where(release == 1, SCORES["v2"][number], SCORES["v1"][number]),
        "partition": number % 2,
        "offset": number // 2,
    }
    return Answers(**(found | changes))


def swapped(latency_s: float = 0.005, approved: float = 4.9) -> Swapped:
    """A hundred requests a second, released shortly before the first answer of the new release."""
    due = np.arange(N) / 100
    found = Answered(start=0.0, due=due, at=due + latency_s, late_ms=0.0, cpu_s=0.0, values=[])
    return Swapped(answered=found, approved=[approved])


def test_good_answers_are_not_wrong() -> None:
    assert wrong(site(2), answers(), SCORES, ["v1", "v2"]) == 0


def test_a_score_of_the_other_version_is_wrong() -> None:
    score = answers().score.copy()
    score[700] = SCORES["v1"][700]
    assert wrong(site(2), answers(score=score), SCORES, ["v1", "v2"]) == 1


def test_a_version_that_its_release_does_not_name_is_wrong() -> None:
    assert wrong(site(2), answers(), SCORES, ["v1", "v1"]) == N // 2


def test_an_older_release_behind_a_newer_one_in_the_same_partition_is_wrong() -> None:
    found = answers()
    back = {"release": found.release.copy(), "version": found.version.copy(), "score": found.score.copy()}
    for name, value in (("release", 0), ("version", "v1"), ("score", SCORES["v1"][900])):
        back[name][900] = value
    assert wrong(site(2), answers(**back), SCORES, ["v1", "v2"]) == 1


def test_a_release_that_is_not_in_the_chain_is_wrong() -> None:
    release = answers().release.copy()
    release[3] = -1
    assert wrong(site(2), answers(release=release), SCORES, ["v1", "v2"]) == 1


def test_a_swap_has_taken_until_every_partition_was_answered_with_it() -> None:
    release = answers().release.copy()
    release[(np.arange(N) % 2 == 1) & (np.arange(N) < 620)] = 0
    (found,) = windows(site(2), swapped(), answers(release=release))
    assert found.taken_s == pytest.approx(6.21 + 0.005 - 4.9)
    assert len(found.before) == pytest.approx(300, abs=2)
    assert len(found.during) == pytest.approx(131, abs=2)
    assert len(found.after) == pytest.approx(300, abs=2)


def test_a_request_that_waited_while_the_swap_was_on_belongs_to_it() -> None:
    (found,) = windows(site(2), swapped(latency_s=0.5), answers())
    # Asked from half a second before the approval to one second after it.
    assert len(found.during) == pytest.approx(150, abs=2)
    assert len(found.before) == pytest.approx(250, abs=2)


def test_a_release_that_was_not_served_in_time_is_told() -> None:
    with pytest.raises(BenchFailed, match="not every partition"):
        windows(site(3), swapped(), answers())
