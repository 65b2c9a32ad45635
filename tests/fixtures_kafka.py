"""A real broker for tests: one a session, in a temporary folder, on a free port."""

import os
from collections.abc import Iterator

import pytest

from deploy.local.kafka.errors import JarsMissing
from deploy.local.kafka.jars import ensure_jars
from deploy.local.kafka.server import KafkaServer


@pytest.fixture(scope="session")
def kafka_jars() -> None:
    """Sees to it that the jars are in the cache; without them a test is skipped, but fails where CI=true."""
    try:
        ensure_jars()
    except JarsMissing as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no Kafka: {error}")


@pytest.fixture(scope="session")
def kafka(kafka_jars: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running broker that all tests of the session share: use topics of your own."""
    with KafkaServer(tmp_path_factory.mktemp("kafka")) as server:
        yield server.address
