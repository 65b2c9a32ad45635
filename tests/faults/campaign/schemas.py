"""Schemas that nobody knows, and schemas of before and of after side by side."""

import io
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import fastavro

from headrace import topics
from tests.faults.campaign.bad import Clients
from tests.faults.campaign.fault import Fault
from tests.faults.campaign.messages import BURST, among_good_ones
from tests.faults.campaign.offsets import committed
from tests.faults.campaign.reading import reading
from tests.faults.campaign.stage import Stage
from tests.faults.checker import Sender, features_of, header, request_schema
from tests.faults.grownmodel import DEFAULT, GROWN, grow, grown_draft, grown_score


def unknown_schemas(stage: Stage) -> None:
    """Every hundredth message is written with a schema that nobody knows, by fingerprint or by number."""
    clients = Clients(stage.world.model, stage.random)
    makers = [clients.unknown_fingerprint, clients.unknown_number]
    among_good_ones(stage, {maker.__name__: maker for maker in makers}, every=100)


def mixed_schemas(stage: Stage) -> None:
    """A feature with a default is added while requests flow: first the schema is applied, later a model that reads the
    feature is released; from then on clients of before and of after send side by side. The sink is away meanwhile, and
    finds blocks with the feature and without it.
    """
    scorer, sink = reading(stage, stage.world.scorer(), stage.world.sink())
    sender = stage.world.sender()
    made, formula = grown_draft(stage.world.model, "v2")
    quarter = stage.size.requests // 4
    _old_and_new(stage, sender, range(quarter), grown=False)
    stage.await_more(rows=1)
    sink.stop()
    grow(stage.world)
    _old_and_new(stage, sender, range(quarter, 2 * quarter), grown=True)
    stage.until(lambda: _answered(stage) >= 2 * quarter, "the first model's answers")
    stage.world.add_bundle("v2", made, formula)
    stage.world.release("v2")
    stage.world.await_event("release-loaded", sequence=1)
    _old_and_new(stage, sender, range(2 * quarter, 3 * quarter), grown=True)
    stage.until(lambda: _answered(stage) >= 3 * quarter, "the second model's answers")
    stage.world.sink(name="sink-b")
    stage.struck()
    _old_and_new(stage, sender, range(3 * quarter, 4 * quarter), grown=True)
    stage.settle()
    _compare_grown(stage, formula, quarter)
    stage.expect(scorer.ends == [], "the scorer lives on")


def _answered(stage: Stage) -> int:
    model = stage.world.model
    return sum(committed(stage.servers.bootstrap, topics.scorers_group(model), f"{model}.requests").values())


def _old_and_new(stage: Stage, sender: Sender, numbers: range, *, grown: bool) -> None:
    """Half of the requests with the feature, once they may have it."""
    prefix, schema = header(wide := request_schema(stage.world.model, GROWN)), fastavro.parse_schema(wide)
    for n in numbers:
        if not grown or n % 2:
            sender.request(n, as_json=n % 8 == 1)
            continue
        record = {"request_id": f"r{n}", "event_time": n, "entity": f"k{n % 50}", "features": grown_features(n)}
        body = io.BytesIO()
        fastavro.schemaless_writer(body, schema, record)
        sender.send(prefix + body.getvalue(), name=f"r{n}", key=f"k{n % 50}")
        if n % BURST == 0:
            sender.flush()
    sender.flush()


def grown_features(n: int) -> dict[str, Any]:
    """The inputs of the n-th request of a client of after."""
    return features_of(n) | {"speed": (n % 13) / 2}


def _compare_grown(stage: Stage, formula: Mapping[str, Any], quarter: int) -> None:
    """The new column and the new model's scores beside what was sent; the old model's rows show the default."""
    query = f"SELECT request_id, version, speed, score FROM {stage.world.model}_predictions"
    wrong, seen = [], Counter[str]()
    for name, version, speed, scored in stage.world.query(query):
        n = int(name[1:])
        has_it = version == "v2" and n % 2 == 0 and n >= quarter
        sent = grown_features(n) if has_it else features_of(n) | {"speed": DEFAULT}
        right = version == "v1" or math.isclose(grown_score(formula, sent), scored, rel_tol=1e-9)
        wrong += [] if right and speed == sent["speed"] else [(name, version, speed, scored)]
        seen[version] += 1
    stage.expect(not wrong, f"each row shows the feature as it was read, or its default: {wrong[:3]}")
    stage.expect(seen == {"v1": 2 * quarter, "v2": 2 * quarter}, f"both models answered: {dict(seen)}")


FAULTS = (
    Fault(
        rows=(21,),
        name="unknown-schemas",
        title="1 % of the messages are written with a schema that nobody knows.",
        strike=unknown_schemas,
    ),
    Fault(
        rows=(21,),
        name="mixed-schemas",
        title="A feature is added while requests flow; clients of before and of after send side by side.",
        strike=mixed_schemas,
    ),
)
