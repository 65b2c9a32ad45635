"""Replay's pure part: what is the same, what is counted, what of a topic is read."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import HeadraceError
from headrace.release import Link
from streams.engine.errors import NotDelivered
from streams.replay.comparing import Answer, Compared
from streams.replay.now import Answering, WhatIf
from streams.replay.report import MOST_SHOWN, Report
from streams.replay.showing import shown
from streams.replay.spans import span
from streams.score.serving import Serving
from tests.fakes.models import Rising, serving
from tests.unit.release.signing import release

OK = Answer("v1", "champion", 0.25, False)


def compared(then: Answer | None, now: Answer | None, **more: Any) -> Compared:
    return Compared(partition=0, offset=7, request_id="r", release="ab", then=then, now=now, **more)


@pytest.mark.parametrize(
    ("then", "now", "outcome"),
    [
        (OK, OK, "identical"),
        (OK, OK._replace(score=math.nextafter(0.25, 1)), "different"),
        (OK, OK._replace(decision=True), "different"),
        (OK, OK._replace(version="v2"), "different"),
        (OK, OK._replace(variant="challenger"), "different"),
        (Answer(score=0.0), Answer(score=-0.0), "different"),
        (OK, Answer(reason="model-error: x"), "different"),
        (Answer(reason="empty"), OK, "different"),
        (Answer(reason="empty"), Answer(reason="empty"), "rejected-alike"),
        (Answer(reason="empty"), Answer(reason="too-large"), "different"),
        (OK, None, "not-replayed"),
        (None, None, "not-replayed"),
    ],
)
def test_answers_are_the_same_only_bit_for_bit(then: Answer | None, now: Answer | None, outcome: str) -> None:
    assert compared(then, now).outcome == outcome


def test_every_request_is_counted_once_and_few_are_kept() -> None:
    report = Report(model="m")
    other = compared(OK, OK._replace(score=0.75, decision=True))
    report.add([compared(OK, OK)] * 3 + [other] * (MOST_SHOWN + 5) + [compared(OK, None, why="gone")] * 2)
    assert (report.replayed, report.identical, report.different) == (MOST_SHOWN + 8, 3, MOST_SHOWN + 5)
    assert len(report.differing) == MOST_SHOWN and report.not_replayed == {"gone": 2}
    assert report.distance_most == 0.5 and not report.good
    told = json.loads(json.dumps(report.as_dict()))
    assert told["replayed"] == told["identical"] + told["different"] + told["rejected_alike"]
    assert told["differing"][0]["then_score"] == 0.25 and told["differing"][0]["now_score"] == 0.75
    assert list(shown(report))


def test_what_if_shows_those_whose_decision_changes_and_finds_no_fault_in_it() -> None:
    report = Report(model="m", what_if=True)
    closer, over = OK._replace(version="v2", score=0.3), OK._replace(version="v2", score=0.75, decision=True)
    report.add([compared(OK, closer), compared(OK, over), compared(Answer(reason="empty"), OK)])
    assert report.decisions == {"no → yes": 1, "rejected → no": 1}
    assert [one.now for one in report.differing] == [over, OK] and report.good
    assert report.distance_mean == pytest.approx(0.275)


@given(*[st.integers(0, 20) for _ in range(4)])
def test_a_span_lies_within_what_the_topic_holds_and_the_rest_is_told(a: int, b: int, first: int, behind: int) -> None:
    low, high = min(a, b), max(a, b)
    found = span(3, low, high, first, behind)
    assert set(range(found.first, found.behind)) == set(range(first, behind)) & set(range(low, high))
    assert found.gone == len(set(range(first, behind)) & set(range(low)))


class Loadings:
    """Loads fakes; counts."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.links: list[Link] = []
        self.fault = fault

    def load(self, link: Link) -> Serving:
        self.links.append(link)
        if self.fault:
            raise self.fault
        return serving(Rising())

    def let_go(self) -> None:
        """Nothing is held."""


def requests(*amounts: float) -> list[bytes]:
    rows = [{"request_id": f"r{a:g}", "event_time": 1, "features": {"amount": a, "colour": None}} for a in amounts]
    return [json.dumps(row).encode() for row in rows]


def answering(loading: Loadings, known: Sequence[str] = ("aa", "bb", "cc"), what_if: WhatIf | None = None) -> Answering:
    links: Mapping[str, Link] = {name: Link(id=name, release=release()) for name in known}
    return Answering(loading, links, 1000, what_if)  # type: ignore[arg-type]


def test_requests_are_answered_as_the_scorer_answers_them_neighbours_unharmed() -> None:
    found = answering(Loadings()).answer("aa", [*requests(10, 13, 75), b"?"])
    assert not isinstance(found, str)
    assert [name for name, _ in found] == ["r10", "r13", "r75", None]
    ten, thirteen, much, nonsense = [answer for _, answer in found]
    assert ten == Answer("v1", "champion", 0.1, False) and much == Answer("v1", "champion", 0.75, True)
    assert (thirteen.reason or "").startswith("model-error") and (nonsense.reason or "").startswith("unknown-format")


def test_a_release_is_loaded_once_while_it_is_met_and_a_bad_one_is_not_tried_again() -> None:
    loading = Loadings()
    now = answering(loading)
    for name in ("aa", "aa", "bb", "aa", "bb", "cc"):
        assert not isinstance(now.answer(name, requests(1)), str)
    assert [link.id for link in loading.links] == ["aa", "bb", "cc"]
    bad = Loadings(HeadraceError("its golden vectors differ"))
    now = answering(bad)
    for _ in range(3):
        assert now.answer("aa", requests(1)) == "release aa cannot be loaded here: its golden vectors differ"
    assert len(bad.links) == 1
    assert "not in the chain" in str(now.answer("dd", requests(1)))


def test_a_registry_that_does_not_answer_ends_the_replay_instead_of_being_counted() -> None:
    with pytest.raises(NotDelivered):
        answering(Loadings(NotDelivered("registry-away", "?"))).answer("aa", requests(1))


def test_another_version_answers_under_the_releases_of_then() -> None:
    loading = Loadings()
    answering(loading, what_if=WhatIf(version="v9", digest="b" * 64)).answer("aa", requests(1))
    (link,) = loading.links
    assert [v.version for v in link.release.variants] == ["v9"] and link.release.threshold == 0.5
    answering(loading, what_if=WhatIf(threshold=0.9)).answer("aa", requests(1))
    assert loading.links[1].release.threshold == 0.9
    assert loading.links[1].release.variants == release().variants
