"""Faust as its documentation shows it: an agent, one event at a time, its own Kafka client, at least once."""

import sys
import time
from typing import Any

import faust

from deploy.bench.rivals.model import Model, Wire
from deploy.bench.rivals.task import Task


def build_app(task: Task) -> Any:
    """An app with one agent."""
    model, wire = Model.read(task), Wire(task)
    app = faust.App(
        task.group,
        broker=f"kafka://{task.bootstrap}",
        store="memory://",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
    )
    raw: dict[str, Any] = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
    requests, answers = app.topic(task.requests, **raw), app.topic(task.answers, **raw)

    @app.agent(requests)
    async def score(stream: Any) -> None:
        async for event in stream.events():
            request, message = wire.request(event.value), event.message
            found = float(model.predict_proba([model.row(request["features"])])[0, model.positive])
            value = wire.answer(request, found, message.partition, message.offset, time.time_ns() // 1000)
            await answers.send(key=event.key, value=value)

    return app


def main() -> None:
    """Run until the process is ended."""
    worker = faust.Worker(build_app(Task.read(sys.argv)), loglevel="WARN", quiet=True, redirect_stdouts=False)
    worker.execute_from_commandline()


if __name__ == "__main__":
    main()
