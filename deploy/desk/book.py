"""The topic model-releases, read and written by a desk."""

from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from deploy.desk.errors import NotPublished
from headrace import topics
from headrace.kafka.clients import ErrorEar, KafkaAddress
from headrace.kafka.read import read_to_end
from headrace.release import Chain, TrustedKeys, Verdict

DELIVERY_S = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One message of a model: where it lies, its bytes and what the chain said."""

    offset: int
    message: bytes
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that the topic says about a model."""

    chain: Chain
    entries: tuple[Entry, ...]

    def verdict_at(self, offset: int) -> Verdict | None:
        """What the chain said about the message at an offset."""
        return next((entry.verdict for entry in self.entries if entry.offset == offset), None)


def read(address: KafkaAddress, model: str, trusted: TrustedKeys) -> Page:
    """Fold everything that the topic holds for a model; the key decides whose chain a message is for."""
    chain, entries = Chain(model, trusted), []
    for batch in read_to_end(address, topics.RELEASES):
        for message in batch:
            if message.key() == model.encode():
                value = message.value() or b""
                entries.append(Entry(offset=message.offset() or 0, message=value, verdict=chain.take(value)))
    return Page(chain=chain, entries=tuple(entries))


def publish(address: KafkaAddress, model: str, message: bytes) -> int:
    """Append a signed message and return its offset once all replicas have it."""
    ear, delivered = ErrorEar(), _Delivery()
    producer = Producer(address.producer(ear) | {"delivery.timeout.ms": DELIVERY_S * 1000, "linger.ms": 0})
    try:
        producer.produce(topics.RELEASES, key=model.encode(), value=message, on_delivery=delivered)
        producer.flush(DELIVERY_S + 5)
    except (KafkaException, BufferError) as error:
        raise NotPublished(f"publishing a release of {model}: {error}") from None
    if delivered.offset is None:
        why = delivered.error or ear.last or "no answer"
        raise NotPublished(
            f"publishing a release of {model}: Kafka did not confirm it ({why}); `headrace release log {model}` "
            f"shows whether it got in, `headrace apply` creates the topic {topics.RELEASES}"
        )
    return delivered.offset


class _Delivery:
    __slots__ = ("error", "offset")

    def __init__(self) -> None:
        self.error = ""
        self.offset: int | None = None

    def __call__(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self.offset = message.offset()
        else:
            self.error = error.str()
