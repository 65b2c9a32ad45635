"""All mutants: first those that the campaign names, then those that guard the same claims from other sides."""

from dataclasses import replace
from functools import cache

from tests.faults.campaign.fault import Fault
from tests.faults.campaign.faults import all_faults
from tests.faults.campaign.mutants import strikes
from tests.faults.campaign.mutants.mutant import Edit, Mutant
from tests.faults.campaign.mutants.strikes import SETTLE_S

TRANSACTION = "streams/engine/transaction.py"
SOURCE = "streams/engine/source.py"
OUTPUTS = "streams/score/outputs.py"
STORE = "streams/sink/store.py"

LATEST = """def _latest(consumer: Any, read_at: float) -> Any:
    import time

    if time.monotonic() - read_at > 5:
        consumer.pause(consumer.assignment())
        for _ in range(30):
            consumer.poll(0.1)
        consumer.resume(consumer.assignment())
    return consumer.consumer_group_metadata()


def _positions("""


def _fault(name: str) -> Fault:
    """One of the campaign's."""
    (found,) = [fault for fault in _campaign() if fault.name == name]
    return replace(found, settle_s=SETTLE_S)


@cache
def _campaign() -> tuple[Fault, ...]:
    return all_faults()


def _small(name: str, title: str) -> Fault:
    """One made for mutants."""
    strike = getattr(strikes, name)
    return Fault(rows=(), name=name.replace("_", "-"), title=title, strike=strike, settle_s=SETTLE_S)


def mutants() -> tuple[Mutant, ...]:
    """Every mutant; names are unique."""
    too_large = _small("answer_too_large", "One answer is larger than the scorer may send.")
    scorer_killed = _small("scorer_killed", "The scorer is killed with a batch's outputs produced.")
    sink_killed = _small("sink_killed", "The sink is killed with a range's rows inserted.")
    edited = _small("release_edited", "A release is edited after its signing.")
    exchanged = _small("bundle_exchanged", "A released bundle is exchanged for another.")
    return (
        Mutant(
            name="offsets-before-produce",
            mistake="Offsets are committed in a transaction of their own, before the outputs are produced.",
            edits=(
                Edit(
                    file=TRANSACTION,
                    old="        producer.begin_transaction()\n        produce(producer, outputs)\n",
                    new="        producer.begin_transaction()\n"
                    "        producer.send_offsets_to_transaction("
                    "_positions(batch.next_offsets), batch.group_metadata, CALL_S)\n"
                    "        producer.commit_transaction(CALL_S)\n"
                    "        producer.begin_transaction()\n"
                    "        produce(producer, outputs)\n",
                ),
                Edit(
                    file=TRANSACTION,
                    old="            producer.send_offsets_to_transaction("
                    "_positions(batch.next_offsets), batch.group_metadata, CALL_S)\n",
                    new="",
                ),
            ),
            fault=scorer_killed,
            caught_by=frozenset({"lost"}),
        ),
        Mutant(
            # Alone it changes nothing: nothing is polled while a batch is in work, so that the member cannot have
            # joined anew by then, and Kafka refuses the member that it was. With the polling and with the metadata of
            # the reading, the late batch is refused as well: it takes both mistakes.
            name="metadata-at-commit",
            mistake="Group metadata is taken when the offsets are sent, by a source that polls during a long batch.",
            edits=(
                Edit(
                    file=SOURCE,
                    old="group_metadata=consumer.consumer_group_metadata()",
                    new="group_metadata=(consumer, time.monotonic())",
                ),
                Edit(
                    file=TRANSACTION, old="batch.group_metadata, CALL_S", new="_latest(*batch.group_metadata), CALL_S"
                ),
                Edit(file=TRANSACTION, old="def _positions(", new=LATEST),
            ),
            fault=_fault("scorer-zombie-before-produce"),
            caught_by=frozenset({"duplicate", "duplicate row"}),
        ),
        Mutant(
            name="random-insert-token",
            mistake="An insert gets a new token each time it is repeated.",
            edits=(
                Edit(
                    file=STORE,
                    old="self._clickhouse.insert(table, columns, token=span.token)",
                    new='self._clickhouse.insert(table, columns, token=__import__("uuid").uuid4().hex)',
                ),
            ),
            fault=sink_killed,
            caught_by=frozenset({"duplicate row"}),
        ),
        Mutant(
            name="queued-not-counted",
            mistake="The number of messages that produce_batch took is ignored.",
            edits=(Edit(file=TRANSACTION, old="if queued != len(outputs.messages):", new="if False:"),),
            fault=too_large,
            caught_by=frozenset({"lost"}),
        ),
        Mutant(
            name="signature-unchecked",
            mistake="A release's signature is not checked.",
            edits=(
                Edit(
                    file="headrace/release/message.py",
                    old="if not trusted.verify(release.key_id, signature, CONTEXT + canonical(asdict(release))):",
                    new="if False:",
                ),
            ),
            fault=edited,
            caught_by=frozenset({"unapproved release"}),
        ),
        Mutant(
            name="digest-unchecked",
            mistake="A bundle's digest is not compared with the release's.",
            edits=(
                Edit(file="headrace/bundle/load.py", old="if got != expected_digest:", new="if False:"),
                Edit(file="headrace/registry/registry.py", old="if digest_of(raw) != digest:", new="if False:"),
            ),
            fault=exchanged,
            caught_by=frozenset({"wrong score"}),
        ),
        Mutant(
            name="no-seek-back",
            mistake="After a batch that was not delivered, reading goes on behind it.",
            edits=(
                Edit(
                    file=SOURCE,
                    old="        self._stale = True\n        self._failures += 1\n",
                    new="        self._failures += 1\n",
                ),
            ),
            fault=too_large,
            caught_by=frozenset({"lost"}),
        ),
        Mutant(
            name="intent-not-repeated",
            mistake="A range that was written down is not repeated after a crash; reading goes on after the last done.",
            edits=(
                Edit(file="streams/sink/resume.py", old="if span is not None and span.first > last:", new="if False:"),
            ),
            fault=sink_killed,
            caught_by=frozenset({"duplicate row"}),
        ),
        Mutant(
            name="done-before-rows",
            mistake="A range is marked as done before its rows are inserted.",
            edits=(
                Edit(file=STORE, old="        put(span, table, rows)\n", new='        put(span, "blocks", blocks)\n'),
                Edit(
                    file=STORE,
                    old='        put(span, "rejections", rejections)\n        put(span, "blocks", blocks)\n',
                    new='        put(span, "rejections", rejections)\n        put(span, table, rows)\n',
                ),
            ),
            fault=sink_killed,
            caught_by=frozenset({"lost row"}),
        ),
        Mutant(
            name="wrong-predecessor-block",
            mistake="A log block names as its predecessor's end an offset that is one too low.",
            edits=(Edit(file=SOURCE, old="self._next.get(place, 0) - 1 for", new="self._next.get(place, 0) - 2 for"),),
            fault=too_large,
            caught_by=frozenset({"ledger mismatch"}),
        ),
        Mutant(
            name="answers-out-of-order",
            mistake="A batch's answers are sent last first.",
            edits=(
                Edit(
                    file=OUTPUTS,
                    old="messages=_messages(_kept_keys(origin, decisions), values, requests),",
                    new="messages=_messages(_kept_keys(origin, decisions), values, requests)[::-1],",
                ),
            ),
            fault=too_large,
            caught_by=frozenset({"out of order"}),
        ),
        Mutant(
            name="answers-of-other-keys",
            mistake="An answer carries the key of another request of its batch.",
            edits=(
                Edit(
                    file=OUTPUTS,
                    old="messages=_messages(_kept_keys(origin, decisions), values, requests),",
                    new="messages=_messages(_kept_keys(origin, decisions)[::-1], values, requests),",
                ),
            ),
            fault=too_large,
            caught_by=frozenset({"other key"}),
        ),
    )
