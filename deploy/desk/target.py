"""To which earlier release a rollback goes."""

from deploy.desk.errors import NothingToRollBackTo
from headrace.release import Chain, Link

LEAST_DIGITS = 6


def rollback_target(chain: Chain, to: str | None) -> Link:
    """The latest earlier release that is meant; raises NothingToRollBackTo."""
    if chain.head is None:
        raise NothingToRollBackTo(f"{chain.model} was never released; approve a version first")
    earlier = [link for link in reversed(chain.history[:-1]) if _state(link) != _state(chain.head)]
    found = next((link for link in earlier if to is None or _is_meant(link, to)), None)
    if found is None:
        wanted = f"{to} is not among" if to else "there are no"
        raise NothingToRollBackTo(
            f"{wanted} earlier states of {chain.model} that differ from the present one; "
            f"`headrace release log {chain.model}` lists all releases"
        )
    return found


def _is_meant(link: Link, to: str) -> bool:
    return link.release.champion.version == to or (len(to) >= LEAST_DIGITS and link.id.startswith(to))


def _state(link: Link) -> tuple[object, ...]:
    return link.release.variants, sorted(link.release.parameters.items())
