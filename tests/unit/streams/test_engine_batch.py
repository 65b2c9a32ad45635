"""A batch lets go of its records; records that are made late; a collector that is spared."""

import subprocess
import sys
from collections.abc import Iterator

from streams.engine.outputs import Later, Outputs, Record
from tests.fakes.records import batch, record

CHILD = """
import gc
from streams.engine.garbage import spare_the_collector

class Circle:
    def __init__(self):
        self.me = self

before = [Circle() for _ in range(10)]
spare_the_collector()
runs = []
gc.callbacks.append(lambda phase, info: runs.append(info["generation"]))
kept = [{"key": [n]} for n in range(40_000)]
assert not runs, runs
assert gc.get_freeze_count() > 1000
"""


def test_a_batch_that_let_go_still_knows_how_many_records_it_had() -> None:
    one = batch([record("t", 0, 7, b"a"), record("t", 0, 8, b"b")])
    one.let_go()
    assert (one.rows, one.messages) == (2, [])


def test_late_records_are_made_when_they_are_asked_for_and_as_often() -> None:
    made: list[str] = []

    def make() -> Iterator[Record]:
        made.append("made")
        yield Record(topic="t", value=b"v")

    outputs = Outputs(topic="t", messages=[], records=Later(make))
    assert made == []
    assert [list(outputs.records), list(outputs.records)] == [[Record(topic="t", value=b"v")]] * 2
    assert made == ["made", "made"]


def test_what_was_loaded_before_is_not_looked_through_while_thousands_of_records_come() -> None:
    subprocess.run([sys.executable, "-c", CHILD], check=True, timeout=60)
