"""Writing the broker's properties."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template

TEMPLATE = Path(__file__).with_name("broker.properties")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ports of one broker: for clients, as told to clients, for itself, for its controller."""

    port: int
    advertised_port: int
    broker_port: int
    controller_port: int


def render(ports: Ports, log_dirs: Path, overrides: Mapping[str, str]) -> str:
    """The text of the properties file; an override wins because the last line of a key counts."""
    text = Template(TEMPLATE.read_text(encoding="ascii")).substitute(**asdict(ports), log_dirs=escape(str(log_dirs)))
    return text + "".join(f"{key}={escape(value)}\n" for key, value in overrides.items())


def escape(value: str) -> str:
    """A value as Java's reader takes it: backslashes doubled, what is not printable ASCII as UTF-16 escapes."""
    return "".join(_escaped(character) for character in value)


def _escaped(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if " " <= character <= "~":
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
