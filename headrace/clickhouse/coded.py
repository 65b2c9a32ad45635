"""A column of text with few different values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Coded(Sequence[str | None]):
    """The different values, each once, and for each row the place of its own among them."""

    values: tuple[str | None, ...]
    codes: memoryview

    def __len__(self) -> int:
        """Rows."""
        return len(self.codes)

    def __getitem__(self, row: Any) -> Any:
        """The value of a row."""
        return self.values[self.codes[row]]

    @classmethod
    def of(cls, column: pa.Array | pa.ChunkedArray) -> "Coded":
        """A column of text, with or without nulls."""
        chunk = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        found = chunk.dictionary_encode(null_encoding="encode")
        return cls(tuple(found.dictionary.to_pylist()), found.indices.to_numpy().data)

    def repeated(self, times: Sequence[int]) -> "Coded":
        """Each row as often as told."""
        return Coded(self.values, np.repeat(np.asarray(self.codes), times).data)
