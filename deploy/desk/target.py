"""To which earlier release a rollback goes."""

from deploy.desk.errors import NothingToRollBackTo
from headrace.release import Chain, Link

LEAST_DIGITS = 6


def rollback_target(chain: Chain, to: str | None) -> Link:
    """The latest earlier release that is meant; raises NothingToRollBackTo."""
    if chain.head is None:
        raise NothingToRollBackTo(f"{chain.model} was never released; approve a version first")
    earlier = [link for link in reversed(chain.history[:-1]) if _state(link) != _state(chain.head)]
    if to is None:
        found = earlier[:1]
    else:
        found = [link for link in earlier if _is_meant(link, to)][:1]
    if not found:
        wanted = f"by {to}" if to else "before the present one"
        raise NothingToRollBackTo(
            f"no earlier state of {chain.model} is meant {wanted}; `headrace release log {chain.model}` lists them"
        )
    return found[0]


def _is_meant(link: Link, to: str) -> bool:
    return link.release.champion.version == to or (len(to) >= LEAST_DIGITS and link.id.startswith(to))


def _state(link: Link) -> tuple[object, ...]:
    return link.release.variants, sorted(link.release.parameters.items())
