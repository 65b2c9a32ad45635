"""What a changed features.avsc means for the table that exists."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.apply.columns import Plan, partition_faults, plan
from headrace.clickhouse.ddl import described
from headrace.features import KINDS, FeatureSet
from headrace.topics import model_topics

AMOUNT = {"name": "amount", "type": "double"}
COUNTRY = {"name": "country", "type": "string"}
AGE = {"name": "age", "type": ["null", "int"], "default": None}


def channel(*symbols: str) -> dict[str, Any]:
    return {"name": "channel", "type": {"type": "enum", "name": "Channel", "symbols": list(symbols)}}


def features(*fields: Mapping[str, Any]) -> FeatureSet:
    return FeatureSet.parse({"type": "record", "name": "Features", "fields": list(fields)})


def changed(before: list[Mapping[str, Any]], after: list[Mapping[str, Any]]) -> Plan:
    """The plan for a table that was made from before, with the columns of its own that every table has."""
    table = {feature.name: described(feature) for feature in features(*before).features}
    return plan({"request_id": "", "score": "", "inclusion_probability": "a chance", **table}, features(*after))


def test_an_unchanged_folder_changes_nothing() -> None:
    fields = [AMOUNT, COUNTRY, AGE, channel("web", "shop")]
    assert changed(fields, fields) == Plan(add=(), grown=(), faults=())


def test_the_order_of_features_does_not_matter_to_the_table() -> None:
    assert changed([AMOUNT, COUNTRY], [COUNTRY, AMOUNT]) == Plan(add=(), grown=(), faults=())


def test_a_new_optional_feature_is_a_column_to_add() -> None:
    found = changed([AMOUNT], [AMOUNT, AGE])
    assert [feature.name for feature in found.add] == ["age"]
    assert found.faults == ()


def test_a_new_feature_with_a_default_is_a_column_to_add() -> None:
    assert changed([AMOUNT], [AMOUNT, {"name": "items", "type": "int", "default": 1}]).faults == ()


@pytest.mark.parametrize("kind", ["int", ["null", "int"]])
def test_a_new_feature_without_a_default_is_refused_even_when_it_may_be_null(kind: Any) -> None:
    """Requests written before it cannot be read without a default: Avro's rules do not take null for one."""
    (fault,) = changed([AMOUNT], [AMOUNT, {"name": "age", "type": kind}]).faults
    assert fault.startswith("the new feature age has no default")


def test_a_removed_feature_is_refused_by_name() -> None:
    (fault,) = changed([AMOUNT, COUNTRY], [AMOUNT]).faults
    assert fault.startswith("the feature country was removed")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (AMOUNT, {"name": "amount", "type": "float"}, "changed from double to float"),
        (AMOUNT, {"name": "amount", "type": ["null", "double"]}, "changed from double to nullable double"),
        (AGE, {"name": "age", "type": "int"}, "changed from nullable int to int"),
        (
            AGE,
            {"name": "age", "type": ["null", {"type": "int", "logicalType": "date"}]},
            "nullable int to nullable date",
        ),
        (channel("web"), {"name": "channel", "type": "string"}, "the feature channel changed from enum to string"),
    ],
)
def test_a_changed_type_is_refused_by_name(before: dict[str, Any], after: dict[str, Any], told: str) -> None:
    (fault,) = changed([before], [after]).faults
    assert told in fault


def test_an_enum_may_grow_but_not_lose_a_symbol() -> None:
    grown = changed([channel("web", "shop")], [channel("web", "shop", "phone")])
    assert [feature.name for feature in grown.grown] == ["channel"]
    assert grown.faults == ()
    (fault,) = changed([channel("web", "shop", "phone")], [channel("shop")]).faults
    assert fault == "the enum channel lost the symbols web, phone"


def test_all_faults_are_told_at_once() -> None:
    faults = changed([AMOUNT, COUNTRY, channel("web", "shop")], [COUNTRY | {"type": "int"}, channel("web")]).faults
    assert len(faults) == 3


@given(st.sampled_from(KINDS), st.sampled_from(KINDS), st.booleans(), st.booleans())
def test_a_type_is_accepted_exactly_when_it_is_the_same(before: str, after: str, null: bool, null_after: bool) -> None:
    def field(kind: str, nullable: bool) -> dict[str, Any]:
        plain = {"type": "enum", "name": "E", "symbols": ["a"]} if kind == "enum" else kind
        return {"name": "x", "type": ["null", plain] if nullable else plain}

    accepted = not changed([field(before, null)], [field(after, null_after)]).faults
    assert accepted == ((before, null) == (after, null_after))


def test_another_number_of_partitions_is_refused_by_the_topics_name() -> None:
    assert partition_faults(model_topics("a", 6), {}) == []
    assert partition_faults(model_topics("a", 6), {"a.requests": 6, "a.logs": 6, "other": 1}) == []
    (fault,) = partition_faults(model_topics("a", 12), {"a.requests": 6, "a.predictions": 12})
    assert fault.startswith("the topic a.requests has 6 partitions and should have 12")
