"""Whether consumers see the ends of the topics: a transaction that never ends hides all that was written behind it."""

import time
from collections.abc import Mapping, Sequence

from confluent_kafka import IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from deploy.local.checks.finding import Finding, failed, ok
from headrace.kafka.clients import ErrorEar, KafkaAddress
from headrace.topics import model_topics, shared_topics

NAME = "transactions"
PATIENCE_S = 6.0
# Those of a scorer take some milliseconds; one that has not ended after so long is told.
HELD_S = 3.0
LOOK_S = 0.25
ADVICE = (
    "that of a worker that is gone ends within 30 s; if this stays, Kafka has lost its end, as a single broker of 4.1 "
    "to 4.4 does that is killed: end it with `kafka-transactions.sh abort` by topic, partition and start offset, once "
    "for each that is told here, and see in `headrace ledger` that every request is answered"
)
Place = tuple[str, int]


def transactions(address: KafkaAddress, topics: Mapping[str, int], models: Sequence[str]) -> Finding:
    """Looks again for a while: while work goes on, some transaction is always open somewhere."""
    admin = AdminClient(address.client(ErrorEar()))
    ours = {topic.name for model in models for topic in model_topics(model, 1)} | {t.name for t in shared_topics()}
    places = [(name, p) for name, count in topics.items() if name in ours for p in range(count)]
    held, until = _hidden(admin, places), time.monotonic() + HELD_S
    while held and time.monotonic() < until:
        time.sleep(LOOK_S)
        now = _hidden(admin, list(held))
        held = {place: now[place] for place, (since, _) in held.items() if place in now and now[place][0] == since}
    if not held:
        return ok(NAME, f"what is committed in {len(places)} partitions can be read to the end")
    told = (f"{topic}/{p} at offset {since}, {behind} behind it" for (topic, p), (since, behind) in held.items())
    return failed(NAME, f"consumers are held back by one that does not end: {'; '.join(told)}", ADVICE)


def _hidden(admin: AdminClient, places: Sequence[Place]) -> dict[Place, tuple[int, int]]:
    """For each partition whose end consumers cannot see: the offset where they are held, and how many are behind."""
    stable = _ends(admin, places, IsolationLevel.READ_COMMITTED)
    ends = _ends(admin, places, IsolationLevel.READ_UNCOMMITTED)
    return {place: (at, ends[place] - at) for place, at in stable.items() if at < ends[place]}


def _ends(admin: AdminClient, places: Sequence[Place], isolation: IsolationLevel) -> dict[Place, int]:
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = {TopicPartition(topic, partition): latest for topic, partition in places}
    found = admin.list_offsets(asked, isolation_level=isolation, request_timeout=PATIENCE_S)
    return {(part.topic, part.partition): future.result().offset for part, future in found.items()}
