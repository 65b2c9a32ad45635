"""What a sink reads once it is back."""

from collections.abc import Callable

from tests.faults.worker import until
from tests.faults.world import World


def test_a_sink_back_within_a_session_reads_a_model_that_was_applied_meanwhile(
    make_world: Callable[..., World],
) -> None:
    """Seen to fail with the sink as a static member: Kafka gave it its old partitions back, the new model's log was
    read by nobody."""
    before = make_world()
    sink = before.sink()
    until(lambda: sink.said("partitions-assigned"), "the sink reads")
    sink.stop()
    world = make_world(released=False)
    later = world.sink()
    until(lambda: later.said("partitions-assigned"), "the sink reads again")
    world.add_version("v1")
    world.release("v1")
    sender = world.sender()
    for n in range(100):
        sender.request(n)
    sender.flush()
    world.scorer()
    report = world.check()
    assert report["faults"] == {}
    assert report["ok"] == report["sent"] == report["rows"] == 100
