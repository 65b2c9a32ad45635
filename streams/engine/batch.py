"""One micro-batch on its way from a source to an agent."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, cast

from confluent_kafka import Message

Place = tuple[str, int]
Work = Callable[[], None]


def place_of(message: Message) -> Place:
    """Topic and partition of a message that was read (its types allow for one that was not)."""
    return cast(Place, (message.topic(), message.partition()))


def offset_of(message: Message) -> int:
    """Offset of a message that was read."""
    return cast(int, message.offset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records with what is needed to commit exactly them.

    next_offsets and group_metadata are of the moment at which the batch was read: metadata taken later would let a
    batch that was read before a rebalance commit after it.
    """

    messages: list[Message]
    next_offsets: Mapping[Place, int]
    previous_last: Mapping[Place, int]
    group_metadata: Any
    desk: "SimpleQueue[tuple[Work, Future[bool]]]" = field(default_factory=SimpleQueue)
    rows: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", len(self.messages))

    def let_go(self) -> None:
        """Free the records, for whoever needs them no more and has to wait for brokers anyway.

        Freeing some thousands takes as long as scoring them; otherwise the agent would do it when it gets the next
        batch, and everything would wait for that.
        """
        self.messages.clear()

    async def perform(self, work: Work) -> bool:
        """Run `work` on the source's own thread, the only one that may touch its Kafka clients.

        True when it was delivered; False when it was not and the source will read the batch again.
        """
        done: Future[bool] = Future()
        self.desk.put((work, done))
        return await asyncio.wrap_future(done)
