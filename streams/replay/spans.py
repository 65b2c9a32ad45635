"""Which requests are replayed: from where to where in each partition."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from confluent_kafka import Consumer, KafkaException, TopicPartition

from headrace.kafka.clients import ErrorEar, KafkaAddress
from headrace.kafka.errors import KafkaUnreachable, TopicMissing
from headrace.kafka.read import PATIENCE_S, end_offsets
from streams.replay.errors import NoSuchPartition

# An offset, or an instant by which the broker had a request.
Moment = int | datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One partition's requests from first up to, not including, behind; gone: asked for, but no longer there."""

    partition: int
    first: int
    behind: int
    gone: int = 0


def spans(
    address: KafkaAddress, topic: str, *, since: Moment | None, until: Moment | None, partitions: Collection[int]
) -> list[Span]:
    """The span of each partition (of those named, else of all), as far as the topic holds it now."""
    ear = ErrorEar()
    consumer = Consumer(address.reader(ear))
    try:
        ends = end_offsets(consumer, topic, address, ear)
        if not ends:
            raise TopicMissing(topic)
        if unknown := sorted(set(partitions) - ends.keys()):
            raise NoSuchPartition(topic, unknown, ends)
        wanted = {p: ends[p] for p in sorted(partitions or ends)}
        firsts = _offsets(consumer, topic, since, {p: low for p, (low, _) in wanted.items()})
        behinds = _offsets(consumer, topic, until, {p: high for p, (_, high) in wanted.items()})
        return [span(p, low, high, firsts[p], behinds[p]) for p, (low, high) in wanted.items()]
    except KafkaException as error:
        raise KafkaUnreachable(f"reading {topic}", address.bootstrap, ear.last or error.args[0].str()) from None
    finally:
        consumer.close()


def span(partition: int, low: int, high: int, first: int, behind: int) -> Span:
    """What of first to behind lies between what a partition still holds and what it holds already."""
    behind = min(behind, high)
    gone = max(0, min(low, behind) - first)
    first = min(max(first, low), high)
    return Span(partition=partition, first=first, behind=max(first, behind), gone=gone)


def _offsets(consumer: Consumer, topic: str, moment: Moment | None, otherwise: Mapping[int, int]) -> Mapping[int, int]:
    """The first offset at or after a moment, partition by partition."""
    if moment is None:
        return otherwise
    if isinstance(moment, int):
        return dict.fromkeys(otherwise, moment)
    ms = int(moment.timestamp() * 1000)
    found = consumer.offsets_for_times([TopicPartition(topic, p, ms) for p in otherwise], timeout=PATIENCE_S)
    # -1: nothing is that late.
    return {at.partition: at.offset if at.offset >= 0 else 1 << 62 for at in found}
