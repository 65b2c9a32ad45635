"""When a model's own rule asks for training."""

from datetime import UTC, datetime, timedelta

import pytest

from headrace.candidate import Board, Failed, Proposal
from headrace.modelfolder import Training
from trainer.working.due import NEVER, due, last_training

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "hours_ago", "labels", "why"),
    [
        (Training(), 10_000, 10**6, ""),
        (Training(every_hours=24), 23.9, 10**6, ""),
        (Training(every_hours=24), 24, 0, "every 24 hours (the last was at 2026-02-28 00:00 UTC)"),
        (Training(new_labels=500), 10_000, 499, ""),
        (Training(new_labels=500), 0, 500, "500 new labels (the rule asks for 500)"),
        (Training(every_hours=24, new_labels=500), 1, 500, "500 new labels (the rule asks for 500)"),
        (Training(every_hours=24, new_labels=500), 1, 499, ""),
    ],
)
def test_a_rule_asks_when_it_is_due_and_says_why(rule: Training, hours_ago: float, labels: int, why: str) -> None:
    assert due(rule, NOW - timedelta(hours=hours_ago), labels, NOW) == why


def test_a_model_that_was_never_trained_is_due_by_time() -> None:
    assert due(Training(every_hours=24), NEVER, 0, NOW) == "every 24 hours (there was none)"


def test_the_last_training_is_the_last_proposal_or_failure() -> None:
    board = Board(model="fraud")
    assert last_training(board) == NEVER
    for version, at in (("v1", "2026-02-01T00:00:00.000Z"), ("v2", "2026-02-03T00:00:00.000Z")):
        board.take(Proposal(model="fraud", version=version, digest="d", actor="ada", at=at))
    assert last_training(board) == datetime(2026, 2, 3, tzinfo=UTC)
    board.take(Failed(model="fraud", actor="t", at="2026-02-05T00:00:00.000Z", request="r", reason="no rows"))
    assert last_training(board) == datetime(2026, 2, 5, tzinfo=UTC)
    board.take(Failed(model="other", actor="t", at="2026-02-09T00:00:00.000Z", request="r", reason="no rows"))
    assert last_training(board) == datetime(2026, 2, 5, tzinfo=UTC)
