"""Labels: from bytes, Avro or JSON, to the truth about a request."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from headrace.topics import schemas_folder
from headrace.wire import framing
from headrace.wire.avro_rows import Malformed, reader
from headrace.wire.avro_schema import parse_record
from headrace.wire.reasons import Code
from headrace.wire.request_json import explain

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What ClickHouse's DateTime64 holds: the years 1900 to 2299.
EARLIEST_MS = int((datetime(1900, 1, 1, tzinfo=UTC) - EPOCH) / timedelta(milliseconds=1))
LATEST_MS = int((datetime(2300, 1, 1, tzinfo=UTC) - EPOCH) / timedelta(milliseconds=1)) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One label as it was read: yes is 1.0; label_time in ms since 1970. With a reason it counts for nothing."""

    request_id: str
    value: float | None
    label_time: int | None
    reason: str = ""


class _Json(msgspec.Struct, forbid_unknown_fields=True):
    request_id: str
    label: bool | float
    label_time: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | Annotated[datetime, Meta(tz=True)]


def label_schema() -> dict[str, Any]:
    """The Avro record of labels, of all models."""
    text = (schemas_folder() / "avro" / "label.avsc").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


class LabelReader:
    """Reads labels of one task; what cannot be one becomes a Label with a reason."""

    def __init__(self, task: str) -> None:
        schema = label_schema()
        self._classes = task == "classification"
        self._header = framing.single_object(framing.fingerprint(schema))
        self._avro = reader(parse_record(schema))
        self._json = msgspec.json.Decoder(_Json).decode

    def read(self, value: bytes | None) -> Label:
        """Read one message; raises nothing for what is in it."""
        if not value:
            return _unfit(Code.EMPTY.because("no value"))
        if value.startswith(b"{"):
            return self._from_json(value)
        if value.startswith(self._header):
            return self._from_avro(value)
        if value.startswith(framing.AVRO_MARK):
            return _unfit(Code.UNKNOWN_SCHEMA.because("labels are written with schemas/avro/label.avsc"))
        return _unfit(Code.UNKNOWN_FORMAT.because(f"begins with {value[:4].hex(' ')}; labels are Avro or JSON"))

    def _from_avro(self, value: bytes) -> Label:
        try:
            record, end = self._avro(value, len(self._header), len(value))
        except Malformed as fault:
            return _unfit(fault.code.because(fault.detail))
        if end != len(value):
            return _unfit(Code.TRAILING_BYTES.because(f"{len(value) - end} bytes after the label"))
        return self._checked(record)

    def _from_json(self, value: bytes) -> Label:
        try:
            found = self._json(value)
        except msgspec.ValidationError as error:
            return _unfit(explain(str(error)))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return _unfit(Code.MALFORMED.because(str(error)))
        return self._checked(msgspec.structs.asdict(found))

    def _checked(self, record: Mapping[str, Any]) -> Label:
        value, when = float(record["label"]), record["label_time"]
        at = (when - EPOCH) // timedelta(milliseconds=1) if isinstance(when, datetime) else when
        reason = ""
        if not record["request_id"]:
            reason = Code.INVALID_ID.because("an empty request_id")
        elif not EARLIEST_MS <= at <= LATEST_MS:
            reason = Code.INVALID_TIME.because(f"label_time {at} is not between the years 1900 and 2299")
        elif not math.isfinite(value):
            reason = Code.INVALID_FIELD.because(f"a label of {value}")
        elif self._classes and value not in (0.0, 1.0):
            reason = Code.INVALID_FIELD.because(f"a label of {value} where the model tells yes (1) from no (0)")
        if reason:
            return _unfit(reason, record["request_id"])
        return Label(request_id=record["request_id"], value=value, label_time=at)


@cache
def label_reader(task: str) -> LabelReader:
    """The reader of a task's labels."""
    return LabelReader(task)


def _unfit(reason: str, request_id: str = "") -> Label:
    return Label(request_id=request_id, value=None, label_time=None, reason=reason)
