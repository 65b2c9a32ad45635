"""A real ClickHouse engine for tests: one front a session, in a temporary folder, on a free port."""

from collections.abc import Iterator

import pytest

from deploy.local.part import HOST, Part, launch_clickhouse


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """Host and port of a running front that all tests of the session share: use tables of your own."""
    folder = tmp_path_factory.mktemp("clickhouse")
    front = Part("ClickHouse", 0, folder)
    launch_clickhouse(front, folder / "data")
    try:
        front.await_ready()
        yield HOST, front.port
    finally:
        front.stop()
