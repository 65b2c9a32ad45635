"""features.avsc: what it may say, and what is said when it cannot be used."""

import json
from pathlib import Path
from typing import Any

import pytest

from headrace.errors import ModelFolderError
from headrace.features import RESERVED, FeatureSet


def parsed(*fields: Any) -> FeatureSet:
    return FeatureSet.parse({"type": "record", "name": "F", "fields": list(fields)})


FIELDS = (
    {"name": "amount", "type": "double", "doc": "in euros"},
    {"name": "country", "type": ["null", "string"], "default": None},
    {"name": "side", "type": {"type": "enum", "name": "Side", "symbols": ["left", "right"]}},
    {"name": "born", "type": [{"type": "int", "logicalType": "date"}, "null"]},
    {"name": "night", "type": "boolean", "default": False},
)


def test_a_field_is_taken_apart() -> None:
    amount, country, side, born, night = parsed(*FIELDS).features
    assert (amount.kind, amount.nullable, amount.has_default, amount.doc) == ("double", False, False, "in euros")
    assert (country.kind, country.nullable, country.has_default, country.default) == ("string", True, True, None)
    assert (side.kind, side.symbols) == ("enum", ("left", "right"))
    assert (born.kind, born.logical, born.nullable, born.has_default) == ("int", "date", True, False)
    assert (night.has_default, night.default) == (True, False)


def test_the_order_is_the_models_and_strings_and_enums_are_categorical() -> None:
    features = parsed(*FIELDS)
    assert features.names == ("amount", "country", "side", "born", "night")
    assert features.categorical == (1, 2) and features.numeric == (0, 3, 4)
    assert features["side"].symbols == ("left", "right")


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "features.avsc"
    path.write_text(json.dumps({"type": "record", "name": "F", "fields": list(FIELDS)}))
    assert FeatureSet.read(path).names == parsed(*FIELDS).names


@pytest.mark.parametrize("content", [None, b"{", b"\xff\xfe", b"[]", b'"record"', b'{"type": "record"}', b"{}"])
def test_a_file_that_is_no_record_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "features.avsc"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelFolderError, match=r"features\.avsc (is missing|is not JSON|must be an Avro record)"):
        FeatureSet.read(path)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"name": "a b", "type": "int"}, "'a b' cannot be a feature's name"),
        ({"name": "x" * 64, "type": "int"}, "cannot be a feature's name"),
        ({"name": 5, "type": "int"}, "5 cannot be a feature's name"),
        ({"type": "int"}, "'' cannot be a feature's name"),
        ({"name": "a"}, "a has no type"),
        ("a", "'a' is not a field"),
        ({"name": "a", "type": "bytes"}, "a has the type 'bytes'"),
        ({"name": "a", "type": {"type": "array", "items": "int"}}, "a has the type"),
        ({"name": "a", "type": {"type": "record", "name": "R", "fields": []}}, "a has the type"),
        ({"name": "a", "type": ["int", "string"]}, "a is a union of several types"),
        ({"name": "a", "type": ["null"]}, "a is a union of several types"),
        ({"name": "a", "type": {"type": "long", "logicalType": "time-micros"}}, "a has the type"),
        ({"name": "a", "type": {"type": "enum", "name": "E"}}, "a is an enum without symbols"),
        ({"name": "a", "type": {"type": "enum", "name": "E", "symbols": []}}, "a is an enum without symbols"),
    ],
)
def test_a_field_that_cannot_be_a_feature_is_named(field: Any, said: str) -> None:
    with pytest.raises(ModelFolderError) as raised:
        parsed({"name": "fine", "type": "int"}, field)
    assert said in str(raised.value)


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_feature_cannot_take_the_name_of_a_column_of_predictions(name: str) -> None:
    with pytest.raises(ModelFolderError, match=f"a feature cannot be called {name}"):
        parsed({"name": name, "type": "int"})


def test_a_name_given_twice_is_told() -> None:
    with pytest.raises(ModelFolderError, match="has the field a twice"):
        parsed({"name": "a", "type": "int"}, {"name": "a", "type": "long"})
