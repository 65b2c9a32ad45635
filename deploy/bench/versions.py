"""With what it was measured."""

import re
from importlib.metadata import version
from pathlib import Path

from deploy.local import kafka

PACKAGES = (
    "headrace",
    "confluent-kafka",
    "pyarrow",
    "numpy",
    "scikit-learn",
    "fastavro",
    "msgspec",
    "faust-streaming",
    "clickhouse-driver",
    "chdb-core",
)
SERVER = re.compile(r"kafka-clients-([\d.]+)\.jar")


def versions() -> dict[str, str]:
    """Of the broker and of the packages that decide how fast anything is."""
    lock = (Path(kafka.__file__).parent / "kafka.lock").read_text(encoding="utf-8")
    found = SERVER.search(lock)
    return {"kafka": found[1] if found else "?"} | {name: version(name) for name in PACKAGES}
