"""The formats by name, and which one an address means."""

from headrace.batch.errors import InputUnreadable
from headrace.batch.files import sources
from headrace.batch.formats.avro import Avro
from headrace.batch.formats.lines import Csv, JsonLines
from headrace.batch.formats.parquet import Parquet
from headrace.batch.formats.piece import FileFormat, Format
from headrace.batch.job import Source

FILES: dict[str, FileFormat] = {"parquet": Parquet(), "csv": Csv(), "json lines": JsonLines(), "avro": Avro()}


def format_called(name: str) -> Format:
    """The format of a plan."""
    return FILES[name]


def found(address: str) -> tuple[str, tuple[Source, ...]]:
    """The name of an address's format and its sources; raises InputUnreadable."""
    every = sources(address, [suffix for one in FILES.values() for suffix in one.suffixes])
    names = {next(name for name, one in FILES.items() if s.name.lower().endswith(one.suffixes)) for s in every}
    if len(names) > 1:
        raise InputUnreadable(f"{address} holds files of several kinds ({', '.join(sorted(names))}); name one kind")
    return names.pop(), every
