"""Requests: from bytes in any format to columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.features import FeatureSet
from headrace.wire import framing
from headrace.wire.avro_decode import ColumnDecoder
from headrace.wire.avro_schema import Leaf, Node, leaves, parse_record
from headrace.wire.block import Block
from headrace.wire.framing import Format
from headrace.wire.reasons import Code
from headrace.wire.request_checks import RequestChecks, nulled
from headrace.wire.request_groups import Rows, all_json, groups_of, unknown_format, unknown_schema
from headrace.wire.request_json import JsonRequests
from headrace.wire.resolve import Resolution, empty

MAX_BYTES = 1_000_000
# So much of a message that is too large is looked at for its request_id.
HEAD = 65_536
FEATURES = "features."


class SchemaSource(Protocol):
    """Knows the schemas that requests may be written with; answers from memory."""

    def by_fingerprint(self, mark: bytes) -> Mapping[str, Any] | None:
        """The schema with this CRC-64-AVRO fingerprint."""

    def by_id(self, number: int) -> Mapping[str, Any] | None:
        """The schema with this number in the schema registry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """Why a request gets no score; identified: whether it can be answered (else it is a dead letter only)."""

    reason: str
    identified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """N requests as columns, in the order they were given.

    request_id is null where a request could not be identified; entity and event_time (UTC, ms) are null where unknown;
    features are null in rejected rows. schema_ids is the Confluent schema number, -1 elsewhere; None when no row has
    one.
    """

    n: int
    format: NDArray[np.uint8]
    schema_ids: NDArray[np.int64] | None
    request_id: pa.Array
    entity: pa.Array
    event_time: pa.Array
    features: dict[str, pa.Array]
    rejects: dict[int, Reject]


def request_schema(model: str, features: FeatureSet) -> dict[str, Any]:
    """The Avro record of a model's requests."""
    return {
        "type": "record",
        "name": "Request",
        "namespace": f"headrace.{model}",
        "fields": [
            {"name": "request_id", "type": "string"},
            {"name": "event_time", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {"name": "entity", "type": ["null", "string"], "default": None},
            {"name": "features", "type": dict(features.schema)},
        ],
    }


@dataclass(slots=True, kw_only=True)
class _Columns:
    """What one group of rows came to; reasons: row within the group -> why not."""

    columns: dict[str, pa.Array]
    reasons: dict[int, str]


class RequestReader:
    """Reads requests of one model."""

    def __init__(self, model: str, feature_set: FeatureSet, schemas: SchemaSource) -> None:
        self.schema = request_schema(model, feature_set)
        self.fingerprint = framing.fingerprint(self.schema)
        self._record: Node = parse_record(self.schema)
        self._leaves: tuple[Leaf, ...] = tuple(leaves(self._record))
        self._schemas = schemas
        self._json = JsonRequests(self._leaves)
        self._checks = RequestChecks(self._leaves)
        self.features = {leaf.field.name: leaf.node.arrow for leaf in self._leaves if leaf.path.startswith(FEATURES)}
        self._known: dict[bytes, tuple[ColumnDecoder, Resolution]] = {}
        self._known[framing.single_object(self.fingerprint)] = self._plan(self.schema)

    def read(self, values: Sequence[bytes | None], max_bytes: int = MAX_BYTES) -> Requests:
        """Read N message values; raises nothing for what is in them."""
        if all_json(values, max_bytes):
            columns, reasons = self._json.read(values)  # type: ignore[arg-type]
            return self._requests(np.full(len(values), Format.JSON, np.uint8), None, columns, reasons)
        return self._read(values, max_bytes)

    def _read(self, values: Sequence[bytes | None], max_bytes: int) -> Requests:
        block = Block.of([value or b"" for value in values] if None in values else values)  # type: ignore[arg-type]
        formats, front = framing.headers(block)
        reasons: dict[int, str] = {}
        if len(block) and (large := block.lengths > max_bytes).any():
            reasons = {
                row: Code.TOO_LARGE.because(f"{size} bytes, at most {max_bytes} are read")
                for row, size in zip(np.flatnonzero(large).tolist(), block.lengths[large].tolist(), strict=True)
            }
            ends = np.where(large, block.starts + min(HEAD, max_bytes), block.ends)
            block = Block(data=block.data, buffer=block.buffer, starts=block.starts, ends=ends)
        merged = self._merge(block, formats, front, reasons)
        framed = formats == Format.CONFLUENT
        schema_ids = np.where(framed, framing.schema_ids(front), -1) if framed.any() else None
        return self._requests(formats, schema_ids, merged.columns, merged.reasons)

    def _merge(
        self, block: Block, formats: NDArray[np.uint8], front: NDArray[np.uint8], reasons: dict[int, str]
    ) -> _Columns:
        readable, lost = self._sort_out(block, formats, front, reasons)
        if not readable:
            return self._nothing(len(block), reasons)
        if lost:
            # Rows that nobody can read go along with the largest group as empty messages: bad rows that cost no merge.
            block = block.emptied(np.concatenate(lost))
            largest = max(range(len(readable)), key=lambda place: len(readable[place][1]))
            header, rows = readable[largest]
            readable[largest] = header, np.sort(np.concatenate([rows, *lost]))
        if len(readable) == 1:
            whole = self._group(block, readable[0][0])
            return _Columns(columns=whole.columns, reasons=whole.reasons | reasons)
        return self._side_by_side(block, readable, reasons)

    def _sort_out(
        self, block: Block, formats: NDArray[np.uint8], front: NDArray[np.uint8], reasons: dict[int, str]
    ) -> tuple[list[Rows], list[NDArray[np.int64]]]:
        """The groups of rows that can be read, and the rows that cannot, with a reason for each."""
        readable: list[Rows] = []
        lost: list[NDArray[np.int64]] = []
        for front_bytes, rows in groups_of(front):
            form = Format(formats[rows[0]])
            header = front_bytes[: form.header]
            if form is Format.JSON or (form is not Format.UNKNOWN and self._knows(form, header)):
                readable.append((header, rows))
                continue
            lost.append(rows)
            for row in rows.tolist():
                why = unknown_format(block, row) if form is Format.UNKNOWN else unknown_schema(form, header)
                reasons.setdefault(row, why)
        return readable, lost

    def _side_by_side(self, block: Block, groups: list[Rows], reasons: dict[int, str]) -> _Columns:
        parts = [self._group(block.pick(rows), header) for header, rows in groups]
        for part, (_, rows) in zip(parts, groups, strict=True):
            for row, why in part.reasons.items():
                reasons.setdefault(int(rows[row]), why)
        order = pa.array(np.argsort(np.concatenate([rows for _, rows in groups]), kind="stable"))
        columns = {
            leaf.path: pa.concat_arrays([part.columns[leaf.path] for part in parts]).take(order)
            for leaf in self._leaves
        }
        return _Columns(columns=columns, reasons=reasons)

    def _group(self, block: Block, header: bytes) -> _Columns:
        if not header:
            columns, reasons = self._json.read(block.payloads())
            return _Columns(columns=columns, reasons=reasons)
        return self._avro(block.skip(len(header)), *self._known[header])

    def _avro(self, block: Block, decoder: ColumnDecoder, resolution: Resolution) -> _Columns:
        decoded = decoder.decode_block(block)
        resolved = resolution.apply(decoded.columns, len(block))
        bad = {row: fault.reason for row, fault in decoded.bad.items()}
        return _Columns(columns=resolved.columns, reasons=resolved.faults | bad)

    def _knows(self, form: Format, header: bytes) -> bool:
        if header in self._known:
            return True
        if form is Format.AVRO:
            schema = self._schemas.by_fingerprint(header[len(framing.AVRO_MARK) :])
        else:
            schema = self._schemas.by_id(int.from_bytes(header[1:], "big"))
        if schema is not None:
            self._known[header] = self._plan(schema)
        return schema is not None

    def _plan(self, schema: Mapping[str, Any]) -> tuple[ColumnDecoder, Resolution]:
        return ColumnDecoder(schema), Resolution(parse_record(schema), self._record)

    def _nothing(self, rows: int, reasons: dict[int, str] | None = None) -> _Columns:
        return _Columns(columns={leaf.path: empty(leaf.node, rows) for leaf in self._leaves}, reasons=reasons or {})

    def _requests(
        self,
        formats: NDArray[np.uint8],
        schema_ids: NDArray[np.int64] | None,
        columns: dict[str, pa.Array],
        reasons: dict[int, str],
    ) -> Requests:
        columns = self._checks.check(columns, reasons)
        features = {name: columns[FEATURES + name] for name in self.features}
        request_id = columns["request_id"]
        if reasons:
            features = nulled(features, reasons.keys(), len(formats))
        return Requests(
            n=len(formats),
            format=formats,
            schema_ids=schema_ids,
            request_id=request_id,
            entity=columns["entity"],
            event_time=columns["event_time"],
            features=features,
            rejects={row: Reject(reason=reasons[row], identified=request_id[row].is_valid) for row in sorted(reasons)},
        )
