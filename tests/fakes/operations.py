"""Hears what a worker tells."""

import asyncio
from typing import Any


class FakeOperations:
    """Keeps events, and lets a test on the same loop wait for them."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self._news = asyncio.Event()

    def tell(self, event: str, model: str, **detail: Any) -> None:
        self.told.append({"event": event, "model": model, **detail})
        self._news.set()

    def of(self, event: str) -> list[dict[str, Any]]:
        return [one for one in self.told if one["event"] == event]

    async def heard(self, event: str, times: int = 1, within_s: float = 30.0) -> list[dict[str, Any]]:
        """Wait until an event was told so often."""
        async with asyncio.timeout(within_s):
            while len(self.of(event)) < times:
                self._news.clear()
                await self._news.wait()
        return self.of(event)
