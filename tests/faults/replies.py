"""Which reply of a server gets lost on its way: Kafka's by the kind of request, ClickHouse's by the statement."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

# The kinds of request that matter here, as Kafka's protocol numbers them.
KAFKA = {
    "Produce": 0,
    "OffsetCommit": 8,
    "JoinGroup": 11,
    "Heartbeat": 12,
    "InitProducerId": 22,
    "AddPartitionsToTxn": 24,
    "AddOffsetsToTxn": 25,
    "EndTxn": 26,
    "TxnOffsetCommit": 28,
}
HEAD = 14
LONGEST_NAME = 100
END_OF_STREAM = b"\x05"


@dataclass(slots=True)
class Wanted:
    """The next reply that is to be lost, for all connections of a proxy, and how many were lost."""

    what: str | None = None
    client: str | None = None
    lost: Counter[str] = field(default_factory=Counter)

    def take(self, what: str, client: str | None = None) -> bool:
        """Whether this is the request whose reply is to be lost; the next one is not."""
        if self.what != what or self.client not in (None, client):
            return False
        self.what = None
        return True


class ClickHouseReplies:
    """To an insert the server's first reply is the table's structure, the second that it is done; that one is lost."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._stage = ""

    def up(self, data: bytes) -> None:
        """Hear what the client says."""
        if self._wanted.what and self._wanted.what.encode() in data:
            self._wanted.take(self._wanted.what)
            self._stage = "asked"
        elif self._stage == "described":
            self._stage = "sent"

    def down(self, data: bytes) -> bytes | None:
        """Hold back everything between the rows and the end of the server's answer."""
        if self._stage == "sent":
            if not data.endswith(END_OF_STREAM):
                return b""
            self._wanted.lost["insert"] += 1
            return None
        if self._stage == "asked":
            self._stage = "described"
        return data


class KafkaReplies:
    """Requests and replies are frames with their length before them; a reply names its request by a number."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._requests, self._replies = Frames(HEAD + LONGEST_NAME), Frames(8)
        self._number: bytes | None = None
        self._what = ""

    def up(self, data: bytes) -> None:
        """Hear what the client asks; the number of the request whose reply is to be lost is kept."""
        for head in self._requests.heads(data):
            what = self._wanted.what
            if what and self._number is None and int.from_bytes(head[4:6], "big") == KAFKA[what]:
                length = max(0, int.from_bytes(head[12:14], "big", signed=True))
                if self._wanted.take(what, head[14 : 14 + length].decode()):
                    self._number, self._what = head[8:12], what

    def down(self, data: bytes) -> bytes | None:
        """Pass on, until the reply comes that is to be lost."""
        for head in self._replies.heads(data):
            if self._number is not None and head[4:8] == self._number:
                self._wanted.lost[self._what] += 1
                return None
        return data


class Frames:
    """Finds the heads of frames in a stream that comes in pieces of any size."""

    def __init__(self, head: int) -> None:
        self._most = head
        self._begun, self._left = b"", 0

    def heads(self, data: bytes) -> Iterator[bytes]:
        """Each head once it is complete."""
        at = 0
        while at < len(data):
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
                at += step
                continue
            wanted = self._wanted()
            piece = data[at : at + wanted - len(self._begun)]
            self._begun += piece
            at += len(piece)
            if len(self._begun) < 4 or len(self._begun) < self._wanted():
                continue
            head, self._begun = self._begun, b""
            self._left = 4 + int.from_bytes(head[:4], "big") - len(head)
            yield head

    def _wanted(self) -> int:
        """How long the head is: no longer than its frame, whose length the first four bytes tell."""
        if len(self._begun) < 4:
            return 4
        return min(self._most, 4 + int.from_bytes(self._begun[:4], "big"))
