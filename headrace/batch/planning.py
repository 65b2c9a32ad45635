"""From an input and a version to a plan; the same input, version and output give the same job."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pyarrow as pa

from headrace.batch.errors import InputUnusable
from headrace.batch.fitting import faults, required_nulls
from headrace.batch.formats.known import Formats
from headrace.batch.formats.piece import Columns, Format
from headrace.batch.job import Part, Plan, Source
from headrace.batch.layout import scored_schema
from headrace.batch.outputs import is_folder, named
from headrace.batch.store import now
from headrace.features import FeatureSet

STRICT_ROWS = 50_000
# Bytes as Columns.row_bytes tells them, which is about thrice what numbers take.
PART_BYTES, LEAST_ROWS, MOST_ROWS = 100 * 2**20, 1_000, 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """The version that scores the whole job, whatever is released meanwhile."""

    version: str
    digest: str
    release: str = ""
    threshold: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was asked for. columns: feature -> column of the input, where it has another name.

    rows_per_part: None for as many as the size of a row allows.
    """

    model: str
    input: str
    output: str
    columns: Mapping[str, str]
    rows_per_part: int | None
    actor: str
    job: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A plan, what a person should know before it starts, and the columns of a scored row."""

    plan: Plan
    notes: Sequence[str]
    columns: pa.Schema


def drafted(order: Order, pinned: Pinned, features: FeatureSet, formats: Formats) -> Drafted:
    """Check the input against the model and cut it into parts; raises InputUnusable with every fault."""
    began = now()
    output = named(order.output, order.model)
    name, sources = formats.found(order.input, order.key)
    how = formats.called(name)
    mapped = {feature: order.columns.get(feature, feature) for feature in features.names}
    columns = {source: how.columns(source) for source in sources}
    notes = _checked(order, columns, features, mapped)
    rows = order.rows_per_part or _part_rows(columns.values())
    parts = planned_parts(how, sources, rows, strict=not is_folder(output))
    if not parts:
        raise InputUnusable(order.input, ["it has no rows"])
    plan: dict[str, Any] = {
        "model": order.model,
        "version": pinned.version,
        "digest": pinned.digest,
        "threshold": pinned.threshold,
        "format": name,
        "input": order.input,
        "key": order.key,
        "columns": mapped,
        "output": output,
        "sources": sources,
        "parts": parts,
        "rows_per_part": rows,
    }
    content = hashlib.sha256(msgspec.json.encode(plan, order="deterministic")).hexdigest()
    job = order.job or content[:12]
    whole = Plan(**plan, job=job, content=content, release=pinned.release, actor=order.actor, submitted_at=began)
    scored = scored_schema(columns[sources[0]], features, mapped, decided=pinned.threshold is not None)
    return Drafted(plan=whole, notes=notes, columns=scored)


def planned_parts(how: Format, sources: Sequence[Source], rows: int, *, strict: bool) -> tuple[Part, ...]:
    """The parts of all sources, numbered through."""
    return tuple(_numbered(how, sources, min(rows, STRICT_ROWS) if strict else rows, strict))


def _numbered(how: Format, sources: Sequence[Source], rows: int, strict: bool) -> Iterator[Part]:
    number = 0
    for place, source in enumerate(sources):
        for part in how.parts(source, rows, strict):
            yield msgspec.structs.replace(part, number=number, source=place)
            number += 1


def _part_rows(columns: Iterable[Columns]) -> int:
    """A part's output is in memory before it is put in place, so that wide rows make shorter parts."""
    return max(LEAST_ROWS, min(MOST_ROWS, PART_BYTES // max(1, *(one.row_bytes for one in columns))))


def _checked(
    order: Order, every: Mapping[Source, Columns], features: FeatureSet, mapped: Mapping[str, str]
) -> list[str]:
    if strangers := [feature for feature in order.columns if feature not in features.names]:
        raise InputUnusable(order.input, [f"{order.model} has no feature {name}" for name in strangers])
    nulls: dict[str, int] = {}
    rows: dict[str, int] = {}
    for source, columns in every.items():
        if wrong := faults(columns, features, mapped):
            raise InputUnusable(source.name, wrong)
        for name, count in required_nulls(columns, features, mapped).items():
            nulls[name] = nulls.get(name, 0) + count
            rows[name] = rows.get(name, 0) + columns.rows
    if whole := [name for name, count in nulls.items() if count == rows[name] and len(every) == 1]:
        raise InputUnusable(order.input, [f"the column {name} is null in every row and may not be" for name in whole])
    return [f"{name} is null in {count:,} rows and may not be: they will be rejected" for name, count in nulls.items()]
