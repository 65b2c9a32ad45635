"""What every Kafka client is configured with, and what is said when Kafka is not there."""

import socket

import pytest
from confluent_kafka import KafkaError

from headrace.errors import SettingsError
from headrace.kafka.clients import ErrorEar, KafkaAddress
from headrace.kafka.connect import kafka_address
from headrace.settings import load
from streams.engine.group import group_config

ADDRESS = KafkaAddress(bootstrap="b:1", properties={"security.protocol": "SSL"})


def test_every_client_has_the_properties_of_the_settings() -> None:
    configs = (
        ADDRESS.client(),
        ADDRESS.producer(),
        ADDRESS.reader(),
        group_config(ADDRESS, group="g", instance="i", ear=ErrorEar()),
    )
    for config in configs:
        assert (config["bootstrap.servers"], config["security.protocol"]) == ("b:1", "SSL")


def test_a_producer_waits_for_all_replicas_and_puts_keys_where_java_does() -> None:
    config = ADDRESS.producer()
    assert (config["acks"], config["enable.idempotence"]) == ("all", True)
    assert config["partitioner"] == "murmur2_random"


def test_no_consumer_reads_what_was_not_committed_or_commits_by_itself() -> None:
    """Either would be a duplicate or a loss: aborted outputs read, or offsets of batches still in work."""
    for config in (ADDRESS.reader(), group_config(ADDRESS, group="g", instance="i", ear=ErrorEar())):
        assert (config["isolation.level"], config["enable.auto.commit"]) == ("read_committed", False)
        assert config["auto.offset.reset"] == "earliest"


def test_a_member_of_a_group_is_known_by_its_name() -> None:
    config = group_config(ADDRESS, group="headrace.toy.score", instance="score-1", ear=ErrorEar())
    assert (config["group.id"], config["group.instance.id"]) == ("headrace.toy.score", "score-1")
    assert config["enable.auto.offset.store"] is False


def test_a_lost_connection_is_told_once() -> None:
    ear = ErrorEar()
    assert not ear.take_broker_lost()
    ear(KafkaError(KafkaError._TRANSPORT, "connection closed"))
    assert ear.take_broker_lost() and not ear.take_broker_lost()
    assert ear.last == "connection closed" and not ear.authentication


@pytest.mark.parametrize("code", [KafkaError._AUTHENTICATION, KafkaError._SSL])
def test_refused_credentials_are_heard(code: int) -> None:
    ear = ErrorEar()
    ear(KafkaError(code, "wrong password"))
    assert ear.authentication and not ear.broker_lost


def test_the_address_comes_from_settings() -> None:
    found = kafka_address(load(kafka={"bootstrap": "b:1", "properties": {"sasl.mechanism": "PLAIN"}}))
    assert (found.bootstrap, found.properties) == ("b:1", {"sasl.mechanism": "PLAIN"})
    with pytest.raises(SettingsError, match="no address of Kafka"):
        kafka_address(load(kafka={"bootstrap": ""}))


def test_a_clickhouse_that_is_not_there_is_told_with_its_address_and_what_was_being_done() -> None:
    from headrace.clickhouse.client import ClickHouse, ClickHouseAddress
    from headrace.clickhouse.errors import ClickHouseUnreachable

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    clickhouse = ClickHouse(ClickHouseAddress(host="127.0.0.1", port=port))
    with pytest.raises(ClickHouseUnreachable, match=rf"counting: ClickHouse at 127\.0\.0\.1:{port} does not answer"):
        clickhouse.rows("SELECT 1", doing="counting")
