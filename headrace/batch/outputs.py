"""Where a job's output goes, and under which names."""

import re

import msgspec

from headrace.batch.errors import OutputUnusable
from headrace.batch.files import absolute
from headrace.batch.job import Manifest, Part, Plan
from headrace.registry.store import WriteOnce

TABLE = "clickhouse:"
TOPIC = ".predictions"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?")


def named(output: str, model: str) -> str:
    """An output as a plan names it: a folder or address, clickhouse:TABLE, or MODEL.predictions."""
    if output.endswith(TOPIC) and "/" not in output:
        if output != f"{model}{TOPIC}":
            raise OutputUnusable(f"{model}'s answers go to {model}{TOPIC}, not to {output}")
        return output
    if output.startswith(TABLE):
        if not NAME.fullmatch(output.removeprefix(TABLE)):
            raise OutputUnusable(f"{output}: write {TABLE}TABLE or {TABLE}DATABASE.TABLE")
        return output
    return absolute(output)


def in_folder(plan: Plan) -> bool:
    """Whether the output is files."""
    return is_folder(plan.output)


def is_folder(output: str) -> bool:
    """Whether an output is files."""
    return not output.startswith(TABLE) and not (output.endswith(TOPIC) and "/" not in output)


def scored_name(plan: Plan, part: Part) -> str:
    """The name of a part's output: of job, part and version."""
    return f"{plan.model}-{plan.job}-{part.number:05d}-{plan.version}.parquet"


def rejected_name(plan: Plan, part: Part) -> str:
    """The name of a part's rejected rows: beside the output, and passed over by whoever reads the folder."""
    return f"_rejected/{scored_name(plan, part)}"


def put_manifest(plan: Plan, manifest: Manifest) -> Manifest:
    """Put the manifest beside files, and give the one that is there: whoever was first wrote the same but for the time.

    Readers of Parquet folders pass over what begins with an underscore.
    """
    if not in_folder(plan):
        return manifest
    store, name = WriteOnce(plan.output, "output"), f"_manifest-{plan.job}.json"
    if store.claim(name, manifest.encode()):
        return manifest
    return msgspec.json.decode(store.read(name) or b"", type=Manifest)
