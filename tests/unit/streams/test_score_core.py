"""What a batch is answered with."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.release import route
from streams.score.core import assign, handle
from tests.fakes.models import MODEL, RAISES, UNSURE, Rising, serving
from tests.fakes.records import request


def test_a_score_from_the_threshold_up_is_a_yes() -> None:
    served = serving()
    decided = handle(served.reader.read([request("a", amount=49.9), request("b", amount=50.0)]), served, {})
    assert decided.scores.tolist() == pytest.approx([0.499, 0.5])
    assert decided.decision is not None and decided.decision.tolist() == [False, True]
    assert decided.ok.all() and not decided.reasons


def test_a_request_that_cannot_be_read_gets_no_score_and_its_reason() -> None:
    served = serving()
    decided = handle(served.reader.read([request("a", amount=1.0), b"\x07?", request("c")]), served, {})
    assert decided.ok.tolist() == [True, False, False]
    assert sorted(decided.reasons) == [1, 2]
    assert decided.reasons[1].startswith("unknown-format") and decided.reasons[2].startswith("missing-feature")
    assert np.isnan(decided.scores[1:]).all()


def test_a_row_that_was_undeliverable_before_is_not_scored_again() -> None:
    model = Rising()
    served = serving(model)
    decided = handle(served.reader.read([request("a", amount=1.0), request("b", amount=2.0)]), served, {0: "too big"})
    assert decided.ok.tolist() == [False, True]
    assert decided.reasons == {0: "too big"}
    assert model.seen == {2.0}


def test_rows_on_which_the_model_fails_are_rejected_one_by_one() -> None:
    served = serving()
    amounts = [1.0, RAISES, 2.0, UNSURE, 3.0]
    decided = handle(served.reader.read([request(str(a), amount=a) for a in amounts]), served, {})
    assert decided.ok.tolist() == [True, False, True, False, True]
    assert decided.reasons[1].startswith("model-error: ArithmeticError: thirteen")
    assert decided.reasons[3].startswith("model-output")
    assert decided.scores[decided.ok].tolist() == pytest.approx([0.01, 0.02, 0.03])


def test_a_regression_has_no_decision() -> None:
    served = serving(task="regression")
    decided = handle(served.reader.read([request("a", amount=250.0)]), served, {})
    assert decided.scores.tolist() == [2.5]
    assert decided.decision is None


def test_two_variants_share_the_requests_as_released_and_each_scores_its_own() -> None:
    served = serving(Rising(1000.0), Rising(100.0), shares=(3000, 7000))
    values = [request(str(i), entity=f"e{i}", amount=10.0) for i in range(4000)]
    decided = handle(served.reader.read(values), served, {})
    assert np.mean(decided.variant == 0) == pytest.approx(0.3, abs=0.03)
    assert decided.scores.tolist() == pytest.approx(np.where(decided.variant == 0, 0.01, 0.1).tolist())


def test_the_entity_decides_on_the_variant_and_without_one_the_request_id() -> None:
    served = serving(Rising(), Rising(), shares=(5000, 5000))
    variants = [one.variant for one in served.variants]
    ours = served.reader.read([request(f"r{i}", entity=f"e{i % 7}", amount=1.0) for i in range(200)])
    assert assign(ours, served).tolist() == route(MODEL, ours.entity, variants).tolist()
    assert len({(i % 7, chosen) for i, chosen in enumerate(assign(ours, served).tolist())}) == 7
    nameless = served.reader.read([request(f"r{i}", amount=1.0) for i in range(200)])
    assert assign(nameless, served).tolist() == route(MODEL, nameless.request_id, variants).tolist()


def test_a_model_that_fails_harms_no_row_of_the_other_variant() -> None:
    served = serving(Rising(), Rising(1000.0), shares=(5000, 5000))
    values = [request(str(i), amount=RAISES if i % 2 else 1.0) for i in range(100)]
    decided = handle(served.reader.read(values), served, {})
    assert sorted(decided.reasons) == list(range(1, 100, 2))
    assert decided.scores[::2].tolist() == pytest.approx(np.where(decided.variant[::2] == 0, 0.01, 0.001).tolist())


ROWS = st.one_of(
    st.floats(0, 100).map(lambda amount: request("r", amount=amount)),
    st.sampled_from([request("r", amount=RAISES), request("r"), b"", b"\xff", b"{", request(None, amount=1.0)]),
)


@settings(deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=30))
def test_a_row_is_decided_as_if_it_were_alone(values: list[bytes]) -> None:
    served = serving()
    together = handle(served.reader.read(values), served, {})
    for row, value in enumerate(values):
        alone = handle(served.reader.read([value]), served, {})
        assert together.ok[row] == alone.ok[0]
        assert np.array_equal(together.scores[row], alone.scores[0], equal_nan=True)
        assert together.reasons.get(row) == alone.reasons.get(0)
