"""Whatever clients send: poison, giants, impossible values, one id twice."""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.faults.campaign.bad import Bad, Clients
from tests.faults.campaign.fault import Fault
from tests.faults.campaign.reading import reading
from tests.faults.campaign.stage import Stage
from tests.faults.checker import Sender, read_all
from tests.faults.worker import ROOT, Worker

BURST = 500
TEN_MB = 10_000_000
Maker = Callable[[str], Bad]


def poison(stage: Stage) -> None:
    """Every hundredth message is none."""
    clients = Clients(stage.world.model, stage.random)
    makers = [
        clients.random_bytes,
        clients.wrong_magic,
        clients.truncated_avro,
        clients.truncated_json,
        clients.nothing,
    ]
    among_good_ones(stage, {maker.__name__: maker for maker in makers}, every=100)


def values(stage: Stage) -> None:
    """Every tenth request has a value that cannot be, or one that has a documented meaning; they come in runs, so that
    some batches hold nothing that could be scored.
    """
    clients = Clients(stage.world.model, stage.random)
    among_good_ones(stage, clients.values(), every=10, HEADRACE_WORKER__BATCH_ROWS="100")
    _alone(stage, [maker for kind, maker in clients.values().items() if maker(kind).expect == "rejected"])


def among_good_ones(stage: Stage, makers: Mapping[str, Maker], *, every: int, **env: str) -> None:
    """Send size.requests good requests, after every so many a bad one; compare the reasons that are told."""
    scorer, sender = _serving(stage, **env), stage.world.sender()
    codes: dict[str, str] = {}
    for n in range(stage.size.requests):
        sender.request(n, as_json=n % 4 == 0)
        if n % every == 0:
            kind = stage.random.choice(list(makers))
            codes[name] = _send(stage, sender, name := f"{kind}-{n}", makers[kind](name))
        if n % BURST == 0:
            sender.flush()
    sender.flush()
    stage.struck(len(codes))
    stage.settle()
    told = _codes(stage)
    wrong = {name: (told.get(name, ""), code) for name, code in codes.items() if told.get(name, "") != code}
    stage.expect(not wrong, f"each reason begins with its code: {dict(list(wrong.items())[:3])}")
    stage.expect(scorer.ends == [], "the scorer lives on")


def _serving(stage: Stage, **env: str) -> Worker:
    """A scorer, beside a sink."""
    return reading(stage, stage.world.scorer(**env), stage.world.sink())[0]


def _alone(stage: Stage, makers: Sequence[Maker]) -> None:
    """One partition gets nothing else: batches, log blocks and inserts without a row."""
    blocks = _blocks_without_rows(stage)
    sender = stage.world.sender()
    for round_ in range(2):
        for number, maker in enumerate(makers):
            _send(stage, sender, name := f"alone-{round_}-{number}", maker(name), partition=0)
        sender.flush()
        stage.struck(len(makers))
        stage.settle()
    stage.expect(_blocks_without_rows(stage) > blocks, "batches without a row are accounted for")


def _send(stage: Stage, sender: Sender, name: str, bad: Bad, partition: int = -1) -> str:
    sender.send(bad.value, name=name, key=f"bad-{name}", expect=bad.expect, partition=partition)
    return bad.code


def _blocks_without_rows(stage: Stage) -> int:
    query = f"SELECT count() FROM blocks WHERE model = '{stage.world.model}' AND logged = 0"
    return int(stage.world.query(query)[0][0])


def _codes(stage: Stage) -> dict[str, str]:
    """The code of each dead letter, by the name in its key."""
    found = {}
    for letter in read_all(stage.servers.bootstrap, f"{stage.world.model}.dead-letters"):
        key, headers = letter.key(), dict(letter.headers())
        found[key.decode().removeprefix("bad-")] = headers["reason"].decode().partition(":")[0]
    return found


def giants(stage: Stage) -> None:
    """The edge refuses a message of 10 MB in words; where a broker takes it, it is rejected and holds nobody up."""
    clients, sender = Clients(stage.world.model, stage.random), stage.world.sender()
    scorer = _serving(stage)
    giant = clients.json("giant", colour="x" * TEN_MB)
    said = _asked(stage, giant)
    told = "bytes, which is more than Kafka takes" in said.stderr and said.stderr.count("\n") == 1
    stage.expect(said.returncode and told, f"the edge says so in one sentence: {said.stderr[-200:]!r}")
    stage.world.limit(f"{stage.world.model}.requests", 2 * TEN_MB)
    every = max(1, stage.size.requests // stage.size.times)
    for n in range(stage.size.requests):
        sender.request(n, as_json=n % 4 == 0)
        if n % every == 0:
            size = stage.random.choice((300_000, 1_100_000, TEN_MB))
            write = stage.random.choice((clients.json, clients.avro))
            sender.send(write(name := f"giant{n}", colour="x" * size), name=name, key=name, expect="rejected")
            sender.flush()
            stage.struck()
    sender.flush()
    stage.settle()
    stage.expect(set(_codes(stage).values()) == {"too-large"}, "each is told to be too large")
    stage.expect(scorer.ends == [], "the scorer lives on")


def _asked(stage: Stage, request: bytes) -> "subprocess.CompletedProcess[str]":
    """What the command line says to a request."""
    (file := stage.folder / "giant.json").write_bytes(request)
    argv = [sys.executable, "-m", "headrace", "score", stage.world.model, "--json-request", str(file)]
    env = {**os.environ, "HEADRACE_KAFKA__BOOTSTRAP": stage.servers.bootstrap, "PYTHONPATH": str(ROOT)}
    return subprocess.run(argv, env=env, cwd=stage.folder, capture_output=True, text=True, check=False)


def one_id_twice(stage: Stage) -> None:
    """Ids are sent two to four times, with the same or with another payload, in either format, on any partition."""
    clients, sender = Clients(stage.world.model, stage.random), stage.world.sender()
    _serving(stage, HEADRACE_WORKER__BATCH_ROWS="20")
    sent: dict[str, list[float]] = defaultdict(list)
    ids = [f"id{n}" for n in range(stage.size.requests // 10) for _ in range(stage.random.randint(2, 4))]
    stage.random.shuffle(ids)
    for n, name in enumerate(ids):
        # Half of the ids keep their payload.
        amount = 0.5 if int(name[2:]) % 2 else stage.random.uniform(-4, 4)
        sent[name].append(amount)
        write = stage.random.choice((clients.json, clients.avro))
        plain: dict[str, Any] = {"count": 3, "night": False, "colour": "red", "side": "left"}
        value = write(name, **plain, amount=amount)
        sender.send(value, name=name, key=f"k{n % 50}", partition=stage.random.randrange(2))
        if n % BURST == 0:
            sender.flush()
    sender.flush()
    stage.struck(len(ids) - len(sent))
    stage.settle()
    _compare_view(stage, sent)


def _compare_view(stage: Stage, sent: Mapping[str, Sequence[float]]) -> None:
    """The view beside the rows as they are."""
    model = stage.world.model
    first: dict[str, tuple[Any, ...]] = {}
    amounts: dict[str, list[float]] = defaultdict(list)
    query = f"SELECT scored_at, source_partition, source_offset, request_id, amount, score FROM {model}_predictions"
    for *place, name, amount, score in sorted(stage.world.query(query)):
        first.setdefault(name, (score, place[0]))
        amounts[name].append(amount)
    view = {
        row[0]: row[1:]
        for row in stage.world.query(f"SELECT request_id, score, answers, conflict FROM {model}_by_request")
    }
    same = {name: sorted(found) for name, found in amounts.items()} == {name: sorted(of) for name, of in sent.items()}
    stage.expect(same, "each payload is answered and kept")
    expected = {name: (first[name][0], len(of), int(len(set(of)) > 1)) for name, of in sent.items()}
    wrong = [(name, view.get(name), of) for name, of in expected.items() if view.get(name) != of]
    stage.expect(
        not wrong, f"the view shows the first answer, their number, and a conflict where there is one: {wrong[:3]}"
    )
    stage.note("ids_in_conflict", sum(conflict for *_, conflict in expected.values()))


FAULTS = (
    Fault(
        rows=(19,),
        name="poison",
        title="1 % of the messages are random bytes, cut off, of a wrong mark, or empty.",
        strike=poison,
    ),
    Fault(
        rows=(20,),
        name="giants",
        title="Messages of 10 MB: refused at the edge in words, rejected where a broker took them.",
        strike=giants,
    ),
    Fault(
        rows=(22,),
        name="impossible-values",
        title="10 % of the requests have NaN, infinity, null, missing or extra features, unseen categories, overflows.",
        strike=values,
    ),
    Fault(
        rows=(23,),
        name="one-id-twice",
        title="Request ids come two to four times, with the same payload and with others.",
        strike=one_id_twice,
    ),
)
