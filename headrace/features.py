"""The inputs of a model, as its features.avsc describes them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.errors import ModelFolderError

KINDS = ("boolean", "int", "long", "float", "double", "string", "enum")
LOGICAL = ("date", "timestamp-millis", "timestamp-micros")
# A feature's name is a column's name in ClickHouse, beside these.
RESERVED = frozenset(
    {
        *("request_id", "entity", "event_time", "scored_at", "version", "variant", "release", "score", "decision"),
        *("inclusion_probability", "source_partition", "source_offset", "label", "label_time"),
        *("labels", "label_received_at", "contradictory", "imported_at", "imported_from", "content", "precedence"),
    }
)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One input of a model: a field of features.avsc, its union with null taken apart."""

    name: str
    kind: str
    logical: str | None = None
    nullable: bool = False
    symbols: tuple[str, ...] = ()
    has_default: bool = False
    default: Any = None
    doc: str = ""

    @property
    def categorical(self) -> bool:
        """Whether the model sees a code from a vocabulary instead of a number."""
        return self.kind in ("string", "enum")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSet:
    """All inputs of a model, in the order in which the model sees them."""

    name: str
    schema: Mapping[str, Any]
    features: tuple[Feature, ...]

    @classmethod
    def read(cls, path: Path) -> "FeatureSet":
        """Read features.avsc; raises ModelFolderError naming the field that cannot be used."""
        try:
            schema = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ModelFolderError(f"{path} is missing: it is the Avro record of the model's inputs") from None
        except ValueError as error:
            raise ModelFolderError(f"{path} is not JSON: {error}") from None
        return cls.parse(schema, origin=str(path))

    @classmethod
    def parse(cls, schema: Mapping[str, Any], *, origin: str = "features.avsc") -> "FeatureSet":
        """Make a feature set of a parsed Avro record schema."""
        if not isinstance(schema, Mapping) or schema.get("type") != "record" or not schema.get("fields"):
            raise ModelFolderError(f'{origin} must be an Avro record with at least one field ("type": "record")')
        features = tuple(_feature(field, origin) for field in schema["fields"])
        names = [feature.name for feature in features]
        for name in names:
            if names.count(name) > 1:
                raise ModelFolderError(f"{origin} has the field {name} twice")
        return cls(name=str(schema.get("name", "Features")), schema=schema, features=features)

    @property
    def names(self) -> tuple[str, ...]:
        """Feature names in the model's order."""
        return tuple(feature.name for feature in self.features)

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions of the string and enum features in the model's matrix."""
        return tuple(i for i, feature in enumerate(self.features) if feature.categorical)

    @property
    def numeric(self) -> tuple[int, ...]:
        """Positions of all other features in the model's matrix."""
        return tuple(i for i, feature in enumerate(self.features) if not feature.categorical)

    def __getitem__(self, name: str) -> Feature:
        return next(feature for feature in self.features if feature.name == name)


def _feature(field: Mapping[str, Any], origin: str) -> Feature:
    if not isinstance(field, Mapping):
        raise ModelFolderError(f'{origin}: {field!r} is not a field; one is {{"name": …, "type": …}}')
    name = field.get("name", "")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ModelFolderError(f"{origin}: {name!r} cannot be a feature's name (letters, digits and _, at most 63)")
    if name in RESERVED:
        raise ModelFolderError(
            f"{origin}: a feature cannot be called {name}: predictions have a column of that name; rename it"
        )
    if "type" not in field:
        raise ModelFolderError(f"{origin}: {name} has no type; a feature is one of {', '.join(KINDS)}")
    branches = field["type"] if isinstance(field["type"], list) else [field["type"]]
    values = [branch for branch in branches if branch != "null"]
    if len(values) != 1:
        raise ModelFolderError(
            f"{origin}: {name} is a union of several types; a feature is one type, or null and one type"
        )
    kind, logical, symbols = _type(values[0])
    if kind not in KINDS or (logical is not None and logical not in LOGICAL):
        raise ModelFolderError(f"{origin}: {name} has the type {values[0]!r}; a feature is one of {', '.join(KINDS)}")
    if kind == "enum" and not symbols:
        raise ModelFolderError(f"{origin}: {name} is an enum without symbols; list the values that it can have")
    return Feature(
        name=name,
        kind=kind,
        logical=logical,
        nullable="null" in branches,
        symbols=symbols,
        has_default="default" in field,
        default=field.get("default"),
        doc=field.get("doc", ""),
    )


def _type(branch: Any) -> tuple[str, str | None, tuple[str, ...]]:
    if isinstance(branch, Mapping):
        return str(branch.get("type")), branch.get("logicalType"), tuple(branch.get("symbols", ()))
    return str(branch), None, ()
