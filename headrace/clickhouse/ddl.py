"""Tables made from a model's features."""

import json

from headrace.features import Feature, FeatureSet
from headrace.topics import schemas_folder

NUMBERS = {"boolean": "Bool", "int": "Int32", "long": "Int64", "float": "Float32", "double": "Float64"}
LOGICAL = {"date": "Date32", "timestamp-millis": "DateTime64(3, 'UTC')", "timestamp-micros": "DateTime64(6, 'UTC')"}

ESCAPED = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n"})
TICKS = {
    "date": "toDate32",
    "timestamp-millis": "fromUnixTimestamp64Milli",
    "timestamp-micros": "fromUnixTimestamp64Micro",
}


def column_type(feature: Feature) -> str:
    """The ClickHouse type of one feature's column."""
    if feature.categorical:
        return "LowCardinality(Nullable(String))" if feature.nullable else "LowCardinality(String)"
    plain = LOGICAL.get(feature.logical or "", NUMBERS.get(feature.kind, "String"))
    return f"Nullable({plain})" if feature.nullable else plain


def column(feature: Feature) -> str:
    """A feature's column; its comment holds the Avro type, with which the next `headrace apply` compares.

    A row without the feature (it was scored by a model of before) shows what its request would have been given.
    """
    default = f" DEFAULT {_literal(feature)}" if feature.has_default and feature.default is not None else ""
    return f"`{feature.name}` {column_type(feature)}{default} COMMENT '{described(feature)}'"


def _literal(feature: Feature) -> str:
    """A default as SQL; instants and days are numbers there, as they are in Avro."""
    if feature.logical:
        return f"{TICKS[feature.logical]}({feature.default})"
    if isinstance(feature.default, str):
        return f"'{feature.default.translate(ESCAPED)}'"
    return json.dumps(feature.default)


def described(feature: Feature) -> str:
    """What of a feature readers rely on, as JSON."""
    told = {"kind": feature.kind, "logical": feature.logical, "nullable": feature.nullable, "symbols": feature.symbols}
    return json.dumps({key: value for key, value in told.items() if value})


def shared_script() -> str:
    """Statements that create what all models share."""
    return (schemas_folder() / "clickhouse" / "shared.sql").read_text(encoding="utf-8")


def model_script(model: str, features: FeatureSet) -> str:
    """Statements that create one model's tables."""
    columns = ",\n    ".join(column(feature) for feature in features.features)
    script = (schemas_folder() / "clickhouse" / "model.sql").read_text(encoding="utf-8")
    return script.replace("{model}", model).replace("{features}", columns)


def views_script(model: str) -> str:
    """Statements that create one model's views, once its tables have all their columns."""
    return (schemas_folder() / "clickhouse" / "views.sql").read_text(encoding="utf-8").replace("{model}", model)
