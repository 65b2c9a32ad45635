"""Tables made from a model's features."""

import json

from headrace.features import Feature, FeatureSet
from headrace.topics import schemas_folder

NUMBERS = {"boolean": "Bool", "int": "Int32", "long": "Int64", "float": "Float32", "double": "Float64"}
LOGICAL = {"date": "Date32", "timestamp-millis": "DateTime64(3, 'UTC')", "timestamp-micros": "DateTime64(6, 'UTC')"}


def column_type(feature: Feature) -> str:
    """The ClickHouse type of one feature's column."""
    if feature.categorical:
        return "LowCardinality(Nullable(String))" if feature.nullable else "LowCardinality(String)"
    plain = LOGICAL.get(feature.logical or "", NUMBERS.get(feature.kind, "String"))
    return f"Nullable({plain})" if feature.nullable else plain


def column(feature: Feature) -> str:
    """A feature's column; its comment holds the Avro type, with which the next `headrace apply` compares."""
    return f"`{feature.name}` {column_type(feature)} COMMENT '{described(feature)}'"


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
