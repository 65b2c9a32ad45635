"""The releases under which a model answered, and who approved them."""

from headrace import topics
from headrace.kafka.clients import KafkaAddress
from headrace.kafka.read import read_to_end
from headrace.release import Chain, Link, TrustedKeys


def approvals(address: KafkaAddress, trusted: TrustedKeys, models: frozenset[str]) -> dict[str, Link]:
    """Every accepted release of some models, by its id."""
    chains = {model.encode(): Chain(model, trusted) for model in models}
    for messages in read_to_end(address, topics.RELEASES):
        for message in messages:
            if chain := chains.get(message.key() or b""):
                chain.take(message.value() or b"")
    return {link.id: link for chain in chains.values() for link in chain.history}


def head(address: KafkaAddress, trusted: TrustedKeys, model: str) -> Link | None:
    """The release of a model that counts now; None before the first."""
    return next(reversed(approvals(address, trusted, frozenset({model})).values()), None)
