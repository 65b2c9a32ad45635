"""The demo's steps: train, approve, score, lose a worker, train again, check, swap, count, score the year in batch."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from deploy.demo import flights
from deploy.demo.answers import AnswerReader
from deploy.demo.bad import bad_requests
from deploy.demo.batch import score_year
from deploy.demo.feeding import Feeder
from deploy.demo.keys import Keys
from deploy.demo.stage import Stage
from deploy.demo.summary import MODEL, quality, summary, swap_seconds
from deploy.demo.tally import Tally
from deploy.demo.training import Training, headrace, kept
from deploy.demo.view import View
from deploy.demo.watch import Watch, ready
from deploy.desk.build import build_desk
from deploy.local.stack import LocalStack
from headrace.apply.command import apply_folder
from headrace.clickhouse.client import ClickHouse, clickhouse_address
from headrace.kafka.connect import kafka_address
from headrace.ledger.ledger import Ledger

FEBRUARY, KILL, MARCH, HOLD, APRIL = (
    datetime(2013, month, day, tzinfo=UTC) for month, day in ((2, 1), (2, 15), (3, 1), (3, 20), (4, 1))
)
SETTLE_S = 60.0


def run(stack: LocalStack, view: View, keys: Keys, *, scorers: int, speed: float) -> dict[str, Any]:
    """Play the demo on a started stack; the summary."""
    settings, folder, tally = stack.settings, flights.folder(), Tally()
    address, clickhouse = kafka_address(settings), ClickHouse(clickhouse_address(settings))
    apply_folder(folder, settings)
    replay = flights.replay(FEBRUARY, APRIL)
    reader = AnswerReader(address, MODEL, folder.partitions, tally)
    feeder = Feeder(address, MODEL, replay, FEBRUARY, speed, tally)
    # A connection of its own: the ledger of the live table must not wait for the summary's queries.
    with Ledger(MODEL, kafka=address, clickhouse=ClickHouse(clickhouse_address(settings))) as ledger:
        desk = replace(build_desk(settings), standard=flights.STANDARD)
        stage = Stage(stack, view, keys, desk, feeder, Watch(stack, tally, ledger, clickhouse), tally)
        try:
            trained = _first_model(stage)
            _start_workers(stage, scorers)
            reader.start()
            began = time.monotonic()
            example, features = replay.example()
            feeder.start(bad_requests(example.value, features))
            trained |= _flow(stage)
            seconds = time.monotonic() - began
            view.say("all is sent; waiting until nothing is on its way")
            report = ledger.settle(SETTLE_S, deep=True)
            stage.until(lambda: stage.watch.labels() >= feeder.labels, "the last labels")
            batch = score_year(stage)
        finally:
            feeder.stop()
            reader.stop()
    swap = swap_seconds(clickhouse, stage.approved[1]) if len(stage.approved) > 1 else {}
    found = quality(clickhouse)
    counted = summary(tally=tally, report=report, clickhouse=clickhouse, seconds=seconds, swap=swap)
    told = {"workers": scorers, "kills": stage.kills, "train": trained, "quality": found, "batch": batch}
    told["standard"] = {version: checked.to_dict() for version, checked in stage.checked.items()}
    example = {"request_id": "by-hand-1", "event_time": "2013-04-01T12:00:00Z", "features": features}
    return counted | told | {"example": example, "example_id": next(reversed(tally.sent_at), "REQUEST_ID")}


def _first_model(stage: Stage) -> dict[str, Any]:
    stage.view.say("bringing the flights of the past into ClickHouse")
    headrace(stage.stack.data_dir, "import", str(flights.FOLDER))
    measured = _train(stage, FEBRUARY).result()
    stage.view.say(_told(measured))
    stage.approve(measured["version"], "the first model: January's flights")
    return {measured["version"]: kept(measured)}


def _start_workers(stage: Stage, scorers: int) -> None:
    stage.watch.scorers = stage.stack.workers.start_scorers(MODEL, scorers)
    stage.stack.workers.start_sink()
    stage.view.say(f"{scorers} scorers and a sink are starting")
    ports = stage.stack.workers.http_ports
    stage.until(lambda: all(ready(ports[name]) for name in stage.watch.scorers), "the workers' start")


def _flow(stage: Stage) -> dict[str, Any]:
    """February and March flow; in the one a worker is killed, in the other the model is swapped."""
    feeder = stage.feeder
    stage.until(lambda: feeder.event_time >= KILL, "the first half of February")
    if not stage.quitting:
        stage.kill(stage.watch.scorers[0])
    feeder.hold_at(MARCH)
    stage.until(lambda: feeder.event_time >= MARCH, "the second half of February")
    stage.until(lambda: stage.watch.labels() >= feeder.labels, "February's labels")
    feeder.hold_at(HOLD)  # so that the swap comes while March flows, however slow the machine is
    trained = {} if stage.quitting else _second_model(stage)
    feeder.hold_at(None)
    stage.until(lambda: feeder.over, "March")
    return trained


def _second_model(stage: Stage) -> dict[str, Any]:
    training = _train(stage, MARCH)
    try:
        stage.until(lambda: training.done, "training the second model")
        if stage.quitting:
            return {}
        measured = training.result()
    finally:
        training.stop()
    stage.view.say(_told(measured))
    stage.check(measured["version"])
    stage.approve(measured["version"], "the second model: January's and February's flights")
    wanted = {(measured["version"],)}
    stage.until(lambda: stage.watch.served() == wanted, "the swap")
    stage.view.say(f"all workers answer with {measured['version']}")
    return {measured["version"]: kept(measured)}


def _train(stage: Stage, until: datetime) -> Training:
    stage.view.say(f"training on the flights before {until.day} {until:%B %Y} …")
    return Training(flights.FOLDER, stage.stack.data_dir, until)


def _told(measured: dict[str, Any]) -> str:
    return (
        f"{measured['version']}: {measured['rows']:,} rows; on the {measured['evaluation_rows']:,} that follow "
        f"AUC {measured['auc']:.4f}, log loss {measured['log_loss']:.4f}"
    )
