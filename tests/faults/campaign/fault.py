"""What a fault is: which rows of the table it covers, how it strikes, and what it needs."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.faults.campaign.servers import Servers, own_servers

if TYPE_CHECKING:
    from tests.faults.campaign.stage import Stage


def nothing() -> str:
    """Needs nothing that a machine may lack."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way in which things go wrong.

    rows: the rows of the table of faults that it covers. title: one sentence for the report, of what happens and what
    must hold. needs: why it cannot be shown on this machine, "" when it can. world: keyword arguments of World
    (partitions, released, replication). about_s: how long it takes at full size; long ones begin first, and thrice
    that ends it by force. recover_s: lag must be back to nothing so long after the last strike. settle_s: how long to
    wait at the end for what was sent to be in ClickHouse.
    """

    rows: tuple[int, ...]
    name: str
    title: str
    strike: "Callable[[Stage], None]"
    servers: Callable[[Path], AbstractContextManager[Servers]] = own_servers
    world: Mapping[str, Any] = field(default_factory=dict)
    needs: Callable[[], str] = nothing
    about_s: float = 90.0
    recover_s: float = 60.0
    settle_s: float = 180.0

    @property
    def deadline_s(self) -> float:
        """When it is ended by force."""
        return 180.0 + 3 * self.about_s
