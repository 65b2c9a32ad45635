"""From one micro-batch of the sink to ClickHouse."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain

import structlog
from confluent_kafka import Message

from headrace.clickhouse.errors import ClickHouseRefused, ClickHouseUnreachable
from headrace.wire.errors import LogBlockError
from headrace.wire.label import LabelReader, label_reader
from headrace.wire.logblock import decode_block
from streams.engine.batch import offset_of, place_of
from streams.engine.errors import NotDelivered
from streams.sink.ahead import ahead
from streams.sink.columns import (
    Columns,
    PlacedBlock,
    PlacedEvent,
    PlacedLabel,
    block_columns,
    event_columns,
    label_columns,
    prediction_columns,
    rejection_columns,
)
from streams.sink.ranges import Place, Range, spans
from streams.sink.store import LABELS, SinkStore

LOGS = ".logs"
# The table of a model's predictions, then rows for it, for the rejections and for the blocks.
Inserts = tuple[str, Columns, Columns, Columns]
log = structlog.get_logger()


class Writing:
    """Writes batches to the store, range by range."""

    def __init__(self, store: SinkStore, most_rows: int) -> None:
        self._store, self._most_rows = store, most_rows
        self.rows = 0

    def write(self, messages: Sequence[Message], intend: Callable[[Range], None]) -> None:
        """Write a batch, each range once it was written down (intend).

        Raises NotDelivered when ClickHouse does not take it; what intend raises ends it as well.
        """
        places = _by_place(messages)
        try:
            self._write_blocks([ours for place, ours in places.items() if place[0].endswith(LOGS)], intend)
            for (topic, _), ours in places.items():
                if topic.endswith(LABELS):
                    self._write_labels(topic, ours, intend)
                elif not topic.endswith(LOGS):
                    self._write_events(ours, intend)
        except ClickHouseUnreachable as error:
            raise NotDelivered("clickhouse-away", str(error)) from None
        except ClickHouseRefused as error:
            raise NotDelivered("clickhouse-refused", str(error)) from None

    def repeat(self, span: Range, messages: Sequence[Message]) -> None:
        """Insert a range again that was written down and perhaps inserted."""
        log.info("intent-repeated", token=span.token)
        if span.topic.endswith(LABELS):
            if messages and (task := self._store.task(span.topic)):
                self._store.insert_labels(span, label_columns(_labels(task, messages)), again=True)
        elif not span.topic.endswith(LOGS):
            if messages:
                self._store.insert_events(span, event_columns(list(map(_event, messages))), again=True)
        elif blocks := list(_blocks(messages)):
            self._insert(span, *_inserts(blocks), again=True)

    def _write_blocks(self, places: Iterable[Sequence[Message]], intend: Callable[[Range], None]) -> None:
        """The next range is made ready while ClickHouse works on one; written down and inserted they are in turn."""
        runs = chain.from_iterable(spans(_blocks(ours), self._most_rows) for ours in places)
        with closing(ahead(map(_ready, runs))) as ready:
            for span, inserts in ready:
                intend(span)
                self._insert(span, *inserts)

    def _write_labels(self, topic: str, messages: Sequence[Message], intend: Callable[[Range], None]) -> None:
        task = self._store.task(topic)
        if task is None:
            # Not lost: once the model is applied, a sink that starts reads the topic from its beginning.
            log.error("labels-of-no-model", topic=topic, labels=len(messages))
            return
        for run in spans(_labels(task, messages), self._most_rows):
            intend(span := _range(run))
            self._store.insert_labels(span, label_columns(run))
            self.rows += len(run)

    def _write_events(self, messages: Sequence[Message], intend: Callable[[Range], None]) -> None:
        for run in spans(list(map(_event, messages)), self._most_rows):
            intend(span := _range(run))
            self._store.insert_events(span, event_columns(run))

    def _insert(
        self, span: Range, table: str, rows: Columns, rejections: Columns, blocks: Columns, *, again: bool = False
    ) -> None:
        self._store.insert(span, table, rows, rejections, blocks, again=again)
        self.rows += len(rows["source_partition"])


def _by_place(messages: Iterable[Message]) -> dict[Place, list[Message]]:
    found: dict[Place, list[Message]] = {}
    for message in messages:
        found.setdefault(place_of(message), []).append(message)
    return found


def _range(run: Sequence[PlacedBlock] | Sequence[PlacedLabel] | Sequence[PlacedEvent]) -> Range:
    return Range(topic=run[0].topic, partition=run[0].partition, first=run[0].offset, last=run[-1].offset)


def _ready(run: Sequence[PlacedBlock]) -> tuple[Range, Inserts]:
    return _range(run), _inserts(run)


def _inserts(run: Sequence[PlacedBlock]) -> Inserts:
    table = f"{run[0].header.model}_predictions"
    return table, prediction_columns(run), rejection_columns(run), block_columns(run)


def _blocks(messages: Iterable[Message]) -> Iterator[PlacedBlock]:
    return (block for block in map(_block, messages) if block)


def _block(message: Message) -> PlacedBlock | None:
    try:
        header, table = decode_block(message.value() or b"")
    except LogBlockError as error:
        # Skipped, never guessed: the ledger shows the gap that it leaves.
        log.error(
            "log-block-unreadable",
            topic=message.topic(),
            partition=message.partition(),
            offset=message.offset(),
            detail=str(error),
        )
        return None
    topic, partition = place_of(message)
    return PlacedBlock(topic=topic, partition=partition, offset=offset_of(message), header=header, table=table)


def _labels(task: str, messages: Sequence[Message]) -> list[PlacedLabel]:
    reader = label_reader(task)
    return [_label(reader, message) for message in messages]


def _label(reader: LabelReader, message: Message) -> PlacedLabel:
    topic, partition = place_of(message)
    return PlacedLabel(
        topic=topic,
        partition=partition,
        offset=offset_of(message),
        label=reader.read(message.value()),
        received_ms=message.timestamp()[1],
        original=message.value() or b"",
    )


def _event(message: Message) -> PlacedEvent:
    text = (message.value() or b"").decode("utf-8", "replace")
    topic, partition = place_of(message)
    return PlacedEvent(
        topic=topic,
        partition=partition,
        offset=offset_of(message),
        model=(message.key() or b"").decode("utf-8", "replace"),
        event=_named(topic, text),
        happened_ms=message.timestamp()[1],
        body=text,
    )


def _named(topic: str, text: str) -> str:
    """The event's own name; a release document is named by its topic."""
    try:
        body = json.loads(text)
    except ValueError:
        return "unreadable"
    return str(body.get("event", "released" if topic == "model-releases" else "")) if isinstance(body, dict) else ""
