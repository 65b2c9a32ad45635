"""The proxy of the fault tests does what it counts: a test that passes because no fault happened proves nothing."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.proxy import KafkaProxy, Proxy
from tests.faults.replies import KAFKA, Frames
from tests.faults.worker import until

PATIENCE_S = 10.0


class Server:
    """Answers each piece with what `reply` makes of it; `heard` is all that came."""

    def __init__(self, reply: Callable[[bytes], bytes]) -> None:
        self._reply, self.heard = reply, b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                end, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(end,), daemon=True).start()

    def _serve(self, end: socket.socket) -> None:
        with end:
            try:
                while data := end.recv(1 << 16):
                    self.heard += data
                    end.sendall(self._reply(data))
            except OSError:
                return

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Server]:
    server = Server(lambda data: data)
    yield server
    server.close()


@pytest.fixture
def proxy(echo: Server) -> Iterator[Proxy]:
    made = Proxy(echo.address)
    yield made
    made.refuse()


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(proxy.address, PATIENCE_S)


def exactly(end: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size and (data := end.recv(size - len(got))):
        got += data
    return got


def test_bytes_pass_unchanged_and_in_order_both_ways_delayed_or_not(proxy: Proxy) -> None:
    sent = b"".join(n.to_bytes(4, "big") for n in range(200_000))
    for delay in (0.0, 0.002):
        proxy.delay(delay, delay, stalls=0.5, stall_s=delay)
        with connect(proxy) as end:
            threading.Thread(target=end.sendall, args=(sent,)).start()
            assert exactly(end, len(sent)) == sent
    assert proxy.counts["delayed"] > proxy.counts["stalled"] > 0


def test_a_reply_takes_the_latency_of_both_ways(proxy: Proxy) -> None:
    proxy.delay(0.1)
    with connect(proxy) as end:
        begun = time.monotonic()
        end.sendall(b"there and back")
        assert exactly(end, 14) == b"there and back"
        assert time.monotonic() - begun >= 0.2


def test_a_proxy_that_refuses_drops_all_connections_and_takes_none_until_told_to(proxy: Proxy) -> None:
    with connect(proxy) as end:
        end.sendall(b"a")
        assert exactly(end, 1) == b"a"
        proxy.refuse()
        with pytest.raises(ConnectionResetError):
            end.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.accept()
    with connect(proxy) as end:
        end.sendall(b"b")
        assert exactly(end, 1) == b"b"
    assert proxy.counts["reset"] == 1 and proxy.counts["connected"] == 2


def test_a_connection_to_a_server_that_is_away_is_reset(proxy: Proxy, echo: Server) -> None:
    echo.close()
    with pytest.raises(ConnectionResetError), connect(proxy) as end:
        end.recv(1)


@pytest.mark.parametrize("way, arrives", [("up", b""), ("down", b"lost")])
def test_a_half_open_connection_swallows_bytes_for_ever_and_no_end_learns_it(
    proxy: Proxy, echo: Server, way: str, arrives: bytes
) -> None:
    with connect(proxy) as end:
        end.sendall(b"said;")
        exactly(end, 5)
        proxy.fall_silent("up" if way == "up" else "down")
        with connect(proxy) as newer:
            until(lambda: proxy.counts["connected"] == 2, "the newer connection is taken")
            newer.sendall(b"lost")
            end.settimeout(0.3)
            newer.settimeout(0.3)
            proxy.speak_again()
            end.sendall(b"lost")
            for silent in (end, newer):
                with pytest.raises(TimeoutError):
                    silent.recv(1)
    with connect(proxy) as end:
        end.sendall(b"heard")
        assert exactly(end, 5) == b"heard"
    assert echo.heard.replace(b"heard", b"") == b"said;" + arrives * 2
    assert proxy.counts["vanished"] == 2


def kafka_frame(kind: str, number: int, client: bytes = b"me") -> bytes:
    body = struct.pack(">hhih", KAFKA[kind], 9, number, len(client)) + client + bytes(range(30))
    return struct.pack(">i", len(body)) + body


def kafka_reply(data: bytes) -> bytes:
    """To each frame a short one with the same number."""
    return b"".join(struct.pack(">i", 6) + head[8:12] + b"ok" for head in Frames(12).heads(data))


def test_the_reply_to_one_kind_of_kafka_request_of_one_client_is_lost_after_the_broker_did_it() -> None:
    broker = Server(kafka_reply)
    proxy = KafkaProxy(broker.address)
    try:
        proxy.lose_reply_to("EndTxn", "score-a")
        with connect(proxy) as other, connect(proxy) as end:
            other.sendall(kafka_frame("EndTxn", 7, b"rdkafka"))
            assert exactly(other, 10)[4:8] == (7).to_bytes(4, "big")
            end.sendall(kafka_frame("Produce", 1, b"score-a"))
            assert exactly(end, 10)[4:8] == (1).to_bytes(4, "big")
            assert proxy.counts["EndTxn"] == 0
            end.sendall(kafka_frame("EndTxn", 2, b"score-a"))
            with pytest.raises(ConnectionResetError):
                end.recv(1)
        with connect(proxy) as end:
            end.sendall(kafka_frame("EndTxn", 2, b"score-a"))
            assert len(exactly(end, 10)) == 10
        assert proxy.counts["EndTxn"] == proxy.cuts == 1
        assert broker.heard.count(kafka_frame("EndTxn", 2, b"score-a")) == 2
    finally:
        proxy.refuse()
        broker.close()


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(4, 20), st.lists(st.integers(1, 30), max_size=40))
def test_heads_of_frames_are_found_however_the_stream_is_cut(bodies: list[bytes], head: int, cuts: list[int]) -> None:
    frames = [len(body).to_bytes(4, "big") + body for body in bodies]
    stream, reader = b"".join(frames), Frames(head)
    found: list[bytes] = []
    for size in [*cuts, len(stream)]:
        piece, stream = stream[:size], stream[size:]
        found += reader.heads(piece)
    assert found == [frame[:head] for frame in frames]
