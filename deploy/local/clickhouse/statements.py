"""What kind of statement a text is, as far as the protocol treats kinds differently."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LEADING_COMMENTS: Final = re.compile(r"^(?:\s+|/\*.*?\*/|(?:--|#!?\s)[^\n]*(?:\n|$))+", re.DOTALL)
TRAILING_FORMAT: Final = re.compile(r"\s+FORMAT\s+[A-Za-z]\w*\s*(?=(?:SETTINGS\s.*)?;?\s*$)", re.IGNORECASE | re.DOTALL)
SELECTS: Final = re.compile(r"[\s(]*(?:SELECT|WITH|FROM)\b", re.IGNORECASE)
NAME: Final = r"(?:`(?:\\.|[^`\\])+`|\"(?:\\.|[^\"\\])+\"|[\w$]+)"
# An INSERT that ends without values: they follow as blocks.
INSERT: Final = re.compile(
    rf"INSERT\s+INTO\s+(?:TABLE\s+)?(?P<table>{NAME}(?:\s*\.\s*{NAME})?)\s*"
    rf"(?:\((?P<columns>\s*{NAME}(?:\.\w+)?(?:\s*,\s*{NAME}(?:\.\w+)?)*\s*)\))?\s*"
    r"(?P<settings>\bSETTINGS\s+.+?)?\s*(?:\bVALUES|\bFORMAT\s+\w+)?\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """Where the blocks that follow belong; no columns means all that can be given."""

    table: str
    columns: tuple[str, ...]
    settings: str


def without_leading_comments(sql: str) -> str:
    return LEADING_COMMENTS.sub("", sql)


def read_insert(sql: str) -> Insert | None:
    """Return the target of an INSERT whose values follow, None for any other statement."""
    found = INSERT.fullmatch(sql)
    if not found:
        return None
    columns = re.findall(rf"{NAME}(?:\.\w+)?", found["columns"] or "")
    return Insert(
        table=found["table"], columns=tuple(unquoted(column) for column in columns), settings=found["settings"] or ""
    )


def is_select(sql: str) -> bool:
    """Tell whether the answer is a stream of blocks with a header even when there are none."""
    return SELECTS.match(sql) is not None


def without_format(sql: str) -> str:
    """Drop FORMAT at the end of a query: on this protocol the client formats."""
    return sql if sql[:6].upper() == "INSERT" else TRAILING_FORMAT.sub(" ", sql)


def describing(sql: str) -> str:
    """Return the statement that tells the columns of a query."""
    return describing_table("(" + sql.rstrip().rstrip(";") + "\n)")


def describing_table(table: str) -> str:
    """Return the statement that tells the columns of a table, types as they are on the wire: on one line."""
    return f"DESCRIBE TABLE {table} SETTINGS print_pretty_type_names = 0"


def quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def unquoted(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name[0] in '`"' else name


def literal(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
