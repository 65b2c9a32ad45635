"""docs/settings.md, from the settings model."""

from collections.abc import Iterator

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from headrace.settings import Settings

HEAD = """# Settings

Generated from the settings model by `make docs`. A setting comes from, the later winning: its default, the local
stack's own file, `headrace.toml` in the working folder (or the file that `HEADRACE_CONFIG` names), the environment.
In TOML the part before the dot is a table: `[kafka] bootstrap = "…"`.

| setting | environment | default | what it is |
|---|---|---|---|
"""


def settings_reference() -> str:
    """One line a setting."""
    return HEAD + "\n".join(_lines(Settings, "")) + "\n"


def _lines(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _lines(kind, f"{prefix}{name}.")
        else:
            variable = f"HEADRACE_{prefix}{name}".replace(".", "__").upper()
            yield f"| `{prefix}{name}` | `{variable}` | {_default(field)} | {field.description or ''} |"


def _default(field: FieldInfo) -> str:
    value = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    return f"`{value}`" if value is not None and str(value) not in ("", "{}") else ""
