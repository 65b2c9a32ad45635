"""Health, readiness, status and metrics of a worker, on its web port."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from streams.engine.application import Application


def add_pages(
    app: Application, registry: CollectorRegistry, ready: Callable[[], bool], status: Callable[[], Mapping[str, Any]]
) -> None:
    """GET /healthz (alive), /readyz (200 when it serves, else 503), /status (JSON), /metrics (Prometheus)."""

    @app.page("/healthz")
    async def healthz(self: Any, request: Any) -> Any:
        return self.text("alive\n")

    @app.page("/readyz")
    async def readyz(self: Any, request: Any) -> Any:
        return self.text("ready\n" if ready() else "not ready\n", status=200 if ready() else 503)

    @app.page("/status")
    async def current(self: Any, request: Any) -> Any:
        return self.bytes(json.dumps({"ready": ready(), **status()}).encode(), content_type="application/json")

    @app.page("/metrics")
    async def metrics(self: Any, request: Any) -> Any:
        return self.bytes(generate_latest(registry), content_type=CONTENT_TYPE_LATEST.partition(";")[0])
