"""A model of a test's own, with workers as real processes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.world import World


@pytest.fixture
def make_world(tmp_path: Path, kafka: str, clickhouse: tuple[str, int]) -> Iterator[Callable[..., World]]:
    """Makes worlds on the shared servers; their processes end with the test."""
    worlds: list[World] = []

    def make(*, released: bool = True) -> World:
        worlds.append(World(tmp_path / f"world{len(worlds)}", kafka, clickhouse, released=released))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """One model with two partitions, released as v1."""
    return make_world()
