"""Faust as its documentation shows it: an agent, one event at a time, its own Kafka client, at least once."""

import sys
from typing import Any

import faust

from deploy.bench.rivals.answering import Answering
from deploy.bench.rivals.task import Task


def build_app(task: Task) -> Any:
    """An app with one agent."""
    answering = Answering(task)
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
            message = event.message
            value = answering.one(event.value, message.partition, message.offset)
            await answers.send(key=event.key, value=value)

    return app


def main() -> None:
    """Run until the process is ended."""
    worker = faust.Worker(build_app(Task.read(sys.argv)), loglevel="WARN", quiet=True, redirect_stdouts=False)
    worker.execute_from_commandline()


if __name__ == "__main__":
    main()
