"""Whether workers of each role are there, as Kafka knows it: a worker that was killed leaves its group empty."""

from collections.abc import Mapping, Sequence

from confluent_kafka import ConsumerGroupState
from confluent_kafka.admin import AdminClient

from deploy.local.checks.finding import Finding, failed, ok, skipped
from headrace import topics
from headrace.candidate import Board
from headrace.candidate.message import decode
from headrace.kafka.clients import ErrorEar, KafkaAddress
from headrace.kafka.read import read_to_end

PATIENCE_S = 6.0
GONE = (ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD)


def workers(address: KafkaAddress, models: Sequence[str]) -> list[Finding]:
    """One finding a role, and for scorers one a model."""
    groups = _groups(address)
    found = [
        _role(f"scorers of {model}", groups.get(topics.scorers_group(model)), f"worker score --model {model}")
        for model in models
    ]
    return [*found, _role("sink", groups.get(topics.SINK_GROUP), "worker sink"), _trainer(address, groups)]


def _groups(address: KafkaAddress) -> Mapping[str, bool]:
    """Each consumer group, and whether it has members.

    A list, which any broker gives: asked for one group, librdkafka's admin client may end the process where a broker
    is not that group's coordinator.
    """
    admin = AdminClient(address.client(ErrorEar()))  # held: one that goes away meanwhile leaves an empty list
    listed = admin.list_consumer_groups(request_timeout=PATIENCE_S).result()
    return {group.group_id: group.state not in GONE for group in listed.valid}


def _role(name: str, alive: bool | None, command: str, waiting: str = "what is for them waits in Kafka") -> Finding:
    if alive is None:
        return skipped(name, "none was started yet")
    if alive:
        return ok(name, "running")
    return failed(name, f"none is running; {waiting}", f"start one: `headrace {command}`")


def _trainer(address: KafkaAddress, groups: Mapping[str, bool]) -> Finding:
    """Serving does without it. Kafka forgets its empty group after some minutes; what it was asked for stays."""
    alive, requests = groups.get(topics.TRAINER_GROUP), _open(address)
    if alive is None and requests:
        alive = False
    return _role("trainer", alive, "worker train", f"{requests} requests for training wait")


def _open(address: KafkaAddress) -> int:
    """How many requests for training nobody has answered."""
    boards: dict[str, Board] = {}
    for messages in read_to_end(address, topics.TRAINING):
        for message in messages:
            value = decode(message.value() or b"")
            if value is not None and message.key() == value.model.encode():
                boards.setdefault(value.model, Board(model=value.model)).take(value)
    return sum(len(board.open) for board in boards.values())
