"""A real ClickHouse engine for tests: one front a session, in a temporary folder, on a free port."""

from collections.abc import Iterator

import pytest

from deploy.local.front import LocalClickHouse


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """Host and port of a running front that all tests of the session share: use tables of your own."""
    folder = tmp_path_factory.mktemp("clickhouse")
    front = LocalClickHouse(folder / "data", log_folder=folder)
    front.launch()
    try:
        front.await_ready()
        yield front.address
    finally:
        front.stop()
