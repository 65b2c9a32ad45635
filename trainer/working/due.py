"""When a model's own rule asks for training: so many hours since the last, or so many new labels."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from headrace.candidate import Board, asked, post
from headrace.clickhouse.client import ClickHouse
from headrace.errors import HeadraceError
from headrace.kafka.clients import KafkaAddress
from headrace.modelfolder import ModelFolder, Training

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Due:
    """Looks at the models whose folders are on this machine."""

    def __init__(self, kafka: KafkaAddress, open_clickhouse: Callable[[], ClickHouse], name: str) -> None:
        self._kafka, self._open, self._name = kafka, open_clickhouse, name

    def ask(self, boards: Mapping[str, Board]) -> None:
        """Ask for the training of each model that is due and that nobody has asked for."""
        clickhouse = self._open()
        try:
            for model, folder in clickhouse.rows("SELECT model, folder FROM models FINAL", doing="reading the models"):
                board = boards.get(model, Board(model=model))
                if not board.open and (reason := self._reason(clickhouse, folder, board)):
                    post(self._kafka, asked(model=model, actor=self._name, reason=reason))
        finally:
            clickhouse.close()

    def _reason(self, clickhouse: ClickHouse, folder: str, board: Board) -> str:
        rule = _rule(Path(folder))
        if rule is None or not (rule.every_hours or rule.new_labels):
            return ""
        last = last_training(board)
        labels = 0
        if rule.new_labels:
            found = clickhouse.rows(
                f"SELECT uniqExact(request_id) FROM {board.model}_labels WHERE reason = '' AND received_at > %(last)s",
                {"last": last},
                doing="counting new labels",
            )
            labels = int(found[0][0])
        return due(rule, last, labels, datetime.now(UTC))


def due(rule: Training, last: datetime, labels: int, now: datetime) -> str:
    """Why a model is to be trained now; empty when it is not. pure."""
    if rule.new_labels and labels >= rule.new_labels:
        return f"{labels:,} new labels (the rule asks for {rule.new_labels:,})"
    if rule.every_hours and now - last >= timedelta(hours=rule.every_hours):
        since = f"the last was at {last:%Y-%m-%d %H:%M} UTC" if last > NEVER else "there was none"
        return f"every {rule.every_hours:g} hours ({since})"
    return ""


def last_training(board: Board) -> datetime:
    """When the model was last proposed; 1970 when never. A failure counts as well, or it would be tried for ever."""
    told = [candidate.proposal.at for candidate in board.candidates.values()] + [one.at for one in board.failures]
    return max((datetime.fromisoformat(at) for at in told), default=NEVER)


def _rule(folder: Path) -> Training | None:
    try:
        return ModelFolder.read(folder).toml.training
    except HeadraceError:
        return None
