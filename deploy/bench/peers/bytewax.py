"""Bytewax: a dataflow with a map, one record at a time; it commits nothing unless it is given a recovery store."""

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

    def score(message: Any) -> Any:
        return KafkaSinkMessage(message.key, answering.one(message.value, message.partition, message.offset))

    flow, brokers = Dataflow("score"), [task.bootstrap]
    requests = kop.input("requests", flow, brokers=brokers, topics=[task.requests])
    answers = op.map("score", requests.oks, score)
    kop.output("answers", answers, brokers=brokers, topic=task.answers)
    cli_main(flow)


if __name__ == "__main__":
    main()
