"""From a batch to delivered answers, and what is done about one that cannot be delivered."""

import json

import pytest

from headrace import topics
from headrace.wire.answer import AnswerWriter, read_schema
from streams.engine.errors import NotDelivered
from streams.engine.failpoint import Failpoints
from streams.engine.outputs import Outputs
from streams.score.delivery import Delivery
from streams.score.outputs import OutputWriter
from tests.fakes.deliverer import FakeDeliverer
from tests.fakes.models import MODEL, serving
from tests.fakes.records import batch, record, request

TOPIC = f"{MODEL}.requests"
TOO_LARGE = NotDelivered("too-large", "Broker: Message size too large")
FENCED = NotDelivered("_FENCED", "another worker took over")


def delivery(*script: NotDelivered | None, max_bytes: int = 10_000) -> tuple[Delivery, FakeDeliverer]:
    deliverer = FakeDeliverer(*script)
    writer = OutputWriter(MODEL, "score-1", AnswerWriter(read_schema(topics.schemas_folder() / "avro")), int)
    made = Delivery(writer=writer, deliverer=deliverer, max_bytes=max_bytes, failpoints=Failpoints())
    return made, deliverer


def statuses(outputs: Outputs) -> dict[str, str]:
    answers = [json.loads(message["value"]) for message in outputs.messages]
    return {answer["request_id"]: answer["status"] for answer in answers}


def one(request_id: str, offset: int, partition: int = 0) -> object:
    return record(TOPIC, partition, offset, request(request_id, amount=1.0), key=b"k")


def test_a_batch_is_scored_and_delivered() -> None:
    made, deliverer = delivery()
    decided = made.run(batch([one("a", 0), one("b", 1)]), serving())
    assert decided.ok.all()
    assert statuses(deliverer.delivered[0]) == {"a": "ok", "b": "ok"}
    assert deliverer.delivered[0].topic == f"{MODEL}.predictions"


def test_a_batch_that_was_not_delivered_is_told_to_the_source() -> None:
    made, deliverer = delivery(FENCED)
    with pytest.raises(NotDelivered) as raised:
        made.run(batch([one("a", 0)]), serving())
    assert raised.value is FENCED
    assert made.run(batch([one("a", 0)]), serving()).ok.all(), "it was not the request's fault"
    assert len(deliverer.delivered) == 1


def test_a_single_request_whose_outputs_are_too_large_is_rejected_the_next_time() -> None:
    made, deliverer = delivery(TOO_LARGE)
    with pytest.raises(NotDelivered):
        made.run(batch([one("big", 7)]), serving())
    decided = made.run(batch([one("big", 7), one("other", 8)]), serving())
    assert decided.reasons[0].startswith("undeliverable: its outputs are larger than Kafka takes")
    assert statuses(deliverer.delivered[0]) == {"big": "rejected", "other": "ok"}


def test_of_many_requests_that_are_too_large_together_none_is_blamed() -> None:
    made, _ = delivery(TOO_LARGE)
    with pytest.raises(NotDelivered):
        made.run(batch([one("a", 0), one("b", 1)]), serving())
    assert made.run(batch([one("a", 0), one("b", 1)]), serving()).ok.all()


def test_what_is_undeliverable_is_remembered_by_partition_and_offset() -> None:
    made, _ = delivery(TOO_LARGE)
    with pytest.raises(NotDelivered):
        made.run(batch([one("big", 7)]), serving())
    assert made.run(batch([one("x", 7, partition=1), one("y", 8)]), serving()).ok.all()


def test_it_is_remembered_while_other_partitions_go_on() -> None:
    """After going back, another partition's requests may come first; forgotten by then, it would be tried for ever."""
    made, deliverer = delivery(TOO_LARGE)
    with pytest.raises(NotDelivered):
        made.run(batch([one("big", 7)]), serving())
    made.run(batch([one("x", 3, partition=1)]), serving())
    made.run(batch([one("big", 7)]), serving())
    assert [statuses(outputs) for outputs in deliverer.delivered] == [{"x": "ok"}, {"big": "rejected"}]


def test_once_delivered_it_is_forgotten() -> None:
    made, _ = delivery(TOO_LARGE)
    with pytest.raises(NotDelivered):
        made.run(batch([one("big", 7)]), serving())
    made.run(batch([one("big", 7)]), serving())
    assert made.run(batch([one("again", 7)]), serving()).ok.all()


def test_a_request_over_the_limit_is_rejected_and_its_neighbour_answered() -> None:
    made, deliverer = delivery(max_bytes=1000)
    long = record(TOPIC, 0, 0, request("long", amount=1.0, colour="x" * 2000))
    decided = made.run(batch([long, one("b", 1)]), serving())
    assert decided.reasons[0].startswith("too-large")
    assert statuses(deliverer.delivered[0])["b"] == "ok"
