"""The demo may be left at any moment: what has not begun can be stopped, and nothing is missing that was never sent."""

from datetime import UTC, datetime

from deploy.demo import flights
from deploy.demo.answers import AnswerReader
from deploy.demo.feeding import Feeder
from deploy.demo.tally import Tally
from headrace.kafka.clients import KafkaAddress

NOWHERE = KafkaAddress(bootstrap="127.0.0.1:1")
START = datetime(2013, 2, 1, tzinfo=UTC)


def test_a_feed_and_a_reader_that_never_began_can_be_stopped() -> None:
    """Seen to fail without asking whether the thread is alive: a failed training then ended in a bare traceback."""
    Feeder(NOWHERE, "flights", None, START, 1.0, Tally()).stop()
    AnswerReader(NOWHERE, "flights", 6, Tally()).stop()


def test_the_request_that_the_readme_explains_is_a_departure_of_its_feed() -> None:
    readme = (flights.FOLDER.parents[1] / "README.md").read_text(encoding="utf-8")
    named = readme.partition("headrace explain ")[2].split()[0]
    replay = flights.replay(START, datetime(2013, 2, 8, tzinfo=UTC))
    end_ms = datetime(2013, 2, 8, tzinfo=UTC).timestamp() * 1000
    assert named in {request.request_id for request in replay.until(end_ms)}
