"""The topic `training` as a board: candidates with what became of them, requests that nobody has answered yet."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from confluent_kafka import KafkaException, Producer

from headrace import topics
from headrace.candidate.message import Asked, Failed, Message, Proposal, Rejection, decode, encode
from headrace.kafka.clients import ErrorEar, KafkaAddress
from headrace.kafka.errors import KafkaUnreachable
from headrace.kafka.read import read_to_end

DELIVERY_S = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A proposal, and the rejection that followed it, if any."""

    proposal: Proposal
    rejection: Rejection | None = None


@dataclass(slots=True, kw_only=True)
class Board:
    """Everything said about one model, folded in the topic's order."""

    model: str
    candidates: dict[str, Candidate] = field(default_factory=dict)
    open: dict[str, Asked] = field(default_factory=dict)
    failures: list[Failed] = field(default_factory=list)

    def take(self, message: Message) -> None:
        """Fold one message."""
        if message.model != self.model:
            return
        if isinstance(message, Asked):
            self.open[message.id] = message
        elif isinstance(message, Proposal):
            self.open.pop(message.request, None)
            self.candidates.setdefault(message.version, Candidate(proposal=message))
        elif isinstance(message, Rejection):
            if held := self.candidates.get(message.version):
                self.candidates[message.version] = Candidate(proposal=held.proposal, rejection=message)
        elif isinstance(message, Failed):
            self.open.pop(message.request, None)
            self.failures.append(message)


def board(model: str, messages: Iterable[tuple[bytes | None, bytes | None]]) -> Board:
    """Fold keys and values; a value under another model's key is nobody's."""
    made = Board(model=model)
    for key, value in messages:
        if key == model.encode() and (message := decode(value or b"")) is not None:
            made.take(message)
    return made


def read_board(address: KafkaAddress, model: str) -> Board:
    """The board as it is now."""
    found = (batch for batch in read_to_end(address, topics.TRAINING))
    return board(model, ((message.key(), message.value()) for batch in found for message in batch))


def post(address: KafkaAddress, message: Message) -> None:
    """Append a message; returns once all replicas have it, raises KafkaUnreachable otherwise."""
    ear, faults = ErrorEar(), []
    producer = Producer(address.producer(ear) | {"delivery.timeout.ms": DELIVERY_S * 1000, "linger.ms": 0})
    doing = f"writing to {topics.TRAINING}"
    try:
        producer.produce(
            topics.TRAINING,
            key=message.model.encode(),
            value=encode(message),
            on_delivery=lambda error, _: faults.append(error.str()) if error else None,
        )
        left = producer.flush(DELIVERY_S + 5)
    except (KafkaException, BufferError) as error:
        raise KafkaUnreachable(doing, address.bootstrap, str(error)) from None
    if left or faults:
        raise KafkaUnreachable(doing, address.bootstrap, faults[0] if faults else ear.last)
