"""Bytewax with flat_map_batch, which its documentation has for what is cheaper in batches."""

import sys
from typing import Any

from bytewax import operators as op
from bytewax.connectors.kafka import KafkaSinkMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow
from bytewax.run import cli_main

from deploy.bench.rivals.answering import Answering
from deploy.bench.rivals.task import Task


def main() -> None:
    """Run until the process is ended."""
    task = Task.read(sys.argv)
    answering = Answering(task)

    def score(messages: list[Any]) -> list[Any]:
        values = answering.many([(message.value, message.partition, message.offset) for message in messages])
        return [KafkaSinkMessage(message.key, value) for message, value in zip(messages, values, strict=True)]

    flow, brokers = Dataflow("score"), [task.bootstrap]
    requests = kop.input("requests", flow, brokers=brokers, topics=[task.requests], batch_size=task.batch_rows)
    answers = op.flat_map_batch("score", requests.oks, score)
    kop.output("answers", answers, brokers=brokers, topic=task.answers)
    cli_main(flow)


if __name__ == "__main__":
    main()
