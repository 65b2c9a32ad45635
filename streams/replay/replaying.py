"""The replay itself: a batch of requests, what was answered then, what is answered now, the difference."""

from collections.abc import Iterator, Sequence

from confluent_kafka import Message

from headrace import topics
from headrace.kafka.clients import KafkaAddress
from headrace.kafka.read import read_spans
from streams.engine.batch import offset_of
from streams.replay.comparing import Answer, Compared
from streams.replay.now import Answering
from streams.replay.output import Output
from streams.replay.report import Report
from streams.replay.spans import Span
from streams.replay.then import Answered, Pinned, Then
from streams.score.outputs import UNDELIVERABLE

BATCH_ROWS = 5000
GONE = "no longer in the topic of requests"
UNCOUNTED = "in no block of the ledger: `headrace ledger` tells more"
UNLOGGED = "answered, but ClickHouse holds neither row nor rejection of it"
REFUSED = "rejected because Kafka refused its outputs, which no replay can try"


class Replay:
    """One model's replay; only reads."""

    def __init__(self, model: str, *, kafka: KafkaAddress, answered: Answered, answering: Answering) -> None:
        self._model, self._kafka, self._answered, self._answering = model, kafka, answered, answering

    def run(self, spans: Sequence[Span], report: Report, output: Output) -> None:
        """Replay some spans, a partition after another, into a report and an output."""
        report.spans = spans
        for span in spans:
            if span.gone:
                report.not_replayed[GONE] += span.gone
            for messages in self._batches(span):
                compared, waiting = self._compared(span.partition, messages)
                report.add(compared)
                report.waiting += waiting
                output.add(compared)

    def _batches(self, span: Span) -> Iterator[list[Message]]:
        topic = topics.requests(self._model)
        return read_spans(self._kafka, topic, {span.partition: (span.first, span.behind)}, batch=BATCH_ROWS)

    def _compared(self, partition: int, messages: Sequence[Message]) -> tuple[list[Compared], int]:
        offsets = [offset_of(message) for message in messages]
        then = self._answered.between(partition, offsets[0], offsets[-1])
        answered = [(o, m.value()) for o, m in zip(offsets, messages, strict=True) if o <= then.last]
        now: dict[int, tuple[str | None, Answer]] = {}
        why: dict[int, str] = {}
        for (release, pinned), requests in _by_release(then, answered).items():
            found = self._answering.answer(release, [value for _, value in requests], pinned)
            if isinstance(found, str):
                why |= {offset: found for offset, _ in requests}
            else:
                now |= zip((offset for offset, _ in requests), found, strict=True)
        compared = [_one(partition, offset, then, now, why) for offset, _ in answered]
        return compared, len(messages) - len(answered)


def _by_release(
    then: Then, answered: Sequence[tuple[int, bytes | None]]
) -> dict[tuple[str, Pinned], list[tuple[int, bytes | None]]]:
    """The requests that each release answered, with what was pinned; of those whose answer is known."""
    found: dict[tuple[str, Pinned], list[tuple[int, bytes | None]]] = {}
    for offset, value in answered:
        if offset in then.releases and _why_not(then, offset) is None:
            by = then.releases[offset], then.pinned.get(offset, ())
            found.setdefault(by, []).append((offset, value))
    return found


def _why_not(then: Then, offset: int) -> str | None:
    if offset not in then.releases:
        return UNCOUNTED
    answer = then.answers.get(offset)
    if answer is None:
        return UNLOGGED
    return REFUSED if (answer.reason or "").startswith(UNDELIVERABLE) else None


def _one(
    partition: int, offset: int, then: Then, now: dict[int, tuple[str | None, Answer]], why: dict[int, str]
) -> Compared:
    request_id, answer = now.get(offset, (None, None))
    return Compared(
        partition=partition,
        offset=offset,
        request_id=request_id,
        release=then.releases.get(offset),
        then=then.answers.get(offset),
        now=answer,
        why=None if answer else why.get(offset) or _why_not(then, offset),
    )
