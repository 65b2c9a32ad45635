"""What counts of a model's releases."""

from collections.abc import Callable

from headrace.kafka.clients import KafkaAddress
from headrace.ledger.approvals import approvals, head
from headrace.release import TrustedKeys
from tests.faults.world import World


def test_the_release_that_counts_is_the_newest_of_the_chain(make_world: Callable[..., World]) -> None:
    world = make_world(released=False)
    address, trusted = KafkaAddress(bootstrap=world.kafka), TrustedKeys.read(world.data / "keys" / "trusted")
    assert head(address, trusted, world.model) is None
    for version in ("v1", "v2"):
        world.add_version(version)
        world.release(version)
    chain = approvals(address, trusted, frozenset({world.model}))
    assert [link.release.champion.version for link in chain.values()] == ["v1", "v2"]
    found = head(address, trusted, world.model)
    assert found is not None and found.release.champion.version == "v2"
