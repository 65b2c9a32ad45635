"""Tables made from features, and scripts cut into statements."""

import json
import re

import pytest

from headrace.clickhouse.client import statements
from headrace.clickhouse.ddl import column, column_type, model_script, shared_script, views_script
from headrace.features import RESERVED, FeatureSet


def feature(kind: object) -> str:
    return column_type(FeatureSet.parse({"type": "record", "fields": [{"name": "a", "type": kind}]}).features[0])


@pytest.mark.parametrize(
    ("kind", "column_kind"),
    [
        ("boolean", "Bool"),
        ("int", "Int32"),
        (["null", "long"], "Nullable(Int64)"),
        ("float", "Float32"),
        ("double", "Float64"),
        ("string", "LowCardinality(String)"),
        (["null", {"type": "enum", "name": "E", "symbols": ["x"]}], "LowCardinality(Nullable(String))"),
        ({"type": "int", "logicalType": "date"}, "Date32"),
        ({"type": "long", "logicalType": "timestamp-millis"}, "DateTime64(3, 'UTC')"),
        (["null", {"type": "long", "logicalType": "timestamp-micros"}], "Nullable(DateTime64(6, 'UTC'))"),
    ],
)
def test_each_kind_of_feature_has_its_column(kind: object, column_kind: str) -> None:
    assert feature(kind) == column_kind


def test_a_columns_comment_says_what_readers_rely_on() -> None:
    (one,) = FeatureSet.parse({"type": "record", "fields": [{"name": "a", "type": ["null", "int"]}]}).features
    found = re.fullmatch(r"`a` Nullable\(Int32\) COMMENT '(.*)'", column(one))
    assert found and json.loads(found[1]) == {"kind": "int", "nullable": True}


@pytest.mark.parametrize(
    ("kind", "default", "literal"),
    [
        ("double", 1.5, "1.5"),
        ("long", -3, "-3"),
        ("boolean", True, "true"),
        ("string", "it's\n\\", r"'it\'s\n\\'"),
        ({"type": "int", "logicalType": "date"}, 20_000, "toDate32(20000)"),
        ({"type": "long", "logicalType": "timestamp-millis"}, 5, "fromUnixTimestamp64Milli(5)"),
    ],
)
def test_a_feature_with_a_default_has_it_as_the_columns(kind: object, default: object, literal: str) -> None:
    fields = [{"name": "a", "type": kind, "default": default}, {"name": "b", "type": ["null", "int"], "default": None}]
    one, nothing = FeatureSet.parse({"type": "record", "fields": fields}).features
    assert f" DEFAULT {literal} COMMENT '" in column(one)
    assert "DEFAULT" not in column(nothing)


def test_a_models_script_has_all_features_and_no_placeholder_left() -> None:
    features = FeatureSet.parse(
        {"type": "record", "fields": [{"name": "a", "type": "int"}, {"name": "b", "type": "string"}]}
    )
    table, history, labels = statements(model_script("toy", features))
    views = views_script("toy")
    assert (
        table.startswith("CREATE TABLE IF NOT EXISTS toy_predictions") and "`a` Int32" in table and "`b` Low" in table
    )
    assert "CREATE TABLE IF NOT EXISTS toy_labels" in labels
    assert "VIEW toy_by_request" in views and "VIEW toy_labelled" in views
    assert "`a` Int32" in history
    assert "{" not in re.sub(r"COMMENT '[^']*'", "", table + history + labels + views)


def test_every_column_beside_the_features_is_a_name_that_no_feature_may_take() -> None:
    table, history, labels = statements(
        model_script("toy", FeatureSet.parse({"type": "record", "fields": [{"name": "a", "type": "int"}]}))
    )
    columns = re.findall(r"^    `?(\w+)`? +[A-Z]", table + history + labels, re.MULTILINE)
    assert "source_offset" in columns and "label_time" in columns
    own = re.findall(r"^    `?(\w+)`? +[A-Z]", table + history, re.MULTILINE)
    assert set(own) - {"a"} <= RESERVED


def test_tables_that_take_tokens_keep_them() -> None:
    """Without the window a repeated insert would be appended."""
    created = {found[1]: one for one in statements(shared_script()) if (found := re.search(r"EXISTS (\w+)", one))}
    toy = statements(
        model_script("toy", FeatureSet.parse({"type": "record", "fields": [{"name": "a", "type": "int"}]}))
    )
    for text in (created["blocks"], created["rejections"], created["events"], toy[0]):
        assert "non_replicated_deduplication_window" in text
        assert "ReplacingMergeTree" in text


def test_a_script_is_cut_at_semicolons_that_end_a_line_and_comments_are_left_out() -> None:
    assert statements("-- one;\nSELECT ';' ;\n\n  -- two\nSELECT 2;\n;\n") == ["SELECT ';'", "SELECT 2"]
