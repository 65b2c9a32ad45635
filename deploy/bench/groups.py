"""Letting a consumer group begin anew."""

import time

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from deploy.bench.errors import BenchFailed
from headrace.kafka.clients import KafkaAddress

# A static member's session must end before its group can be removed.
LEAVING_S = 30.0
PASSING = (
    KafkaError.NON_EMPTY_GROUP,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
)


def forget(address: KafkaAddress, group: str) -> None:
    """Remove what a group has committed; raises BenchFailed when members stay in it."""
    admin, deadline = AdminClient(address.client()), time.monotonic() + LEAVING_S
    while True:
        try:
            admin.delete_consumer_groups([group])[group].result(LEAVING_S)
            return
        except KafkaException as error:
            if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
                return
            if error.args[0].code() not in PASSING or time.monotonic() > deadline:
                raise BenchFailed(f"the group {group} cannot be reset: {error.args[0].str()}") from None
        time.sleep(0.1)
