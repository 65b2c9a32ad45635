"""The broker's properties and ports."""

import re
import socket
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from deploy.local.kafka.ports import is_free, pick_free
from deploy.local.kafka.properties import Ports, escape, render


def as_java_reads(text: str) -> str:
    """The value of a properties file after java.util.Properties: escapes of one UTF-16 unit each."""
    units = re.sub(r"\\u([0-9a-f]{4})|\\(.)", lambda m: chr(int(m[1], 16)) if m[1] else m[2], text)
    return units.encode("utf-16", "surrogatepass").decode("utf-16")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_java_reads_a_value_as_it_was(value: str) -> None:
    assert escape(value).isascii()
    assert "\n" not in escape(value)
    assert as_java_reads(escape(value)) == value


def test_the_last_line_of_a_key_is_the_override(tmp_path: Path) -> None:
    ports = Ports(port=1, advertised_port=2, broker_port=3, controller_port=4)
    text = render(ports, tmp_path, {"auto.create.topics.enable": "true"})
    lines = [line.partition("=") for line in text.splitlines() if line and not line.startswith("#")]
    read = {key: value for key, _, value in lines}
    assert read["auto.create.topics.enable"] == "true"
    assert read["advertised.listeners"] == "CLIENTS://127.0.0.1:2,BROKER://127.0.0.1:3"
    assert read["log.dirs"] == str(tmp_path)


def test_every_listener_is_on_loopback() -> None:
    text = render(Ports(port=1, advertised_port=1, broker_port=2, controller_port=3), Path("/d"), {})
    (listeners,) = re.findall(r"^listeners=(.*)$", text, re.MULTILINE)
    assert {listener.split("://")[1].split(":")[0] for listener in listeners.split(",")} == {"127.0.0.1"}


def test_picked_ports_differ() -> None:
    assert len(set(pick_free(2_000, besides=()))) == 2_000


def test_only_what_is_promised_to_nobody_is_picked() -> None:
    (port,) = pick_free(1, besides=())
    assert pick_free(1, besides=set(range(65_536)) - {port}) == [port]


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not is_free(server.getsockname()[1])
