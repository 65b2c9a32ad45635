"""The chain: what counts and what changes nothing."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from headrace.release import REASONS, Chain, Release, TrustedKeys, Variant, canonical, key_id, release_id, sign, verify
from headrace.release.errors import ReleaseMalformed
from tests.unit.release.signing import KEY, STRANGER, chain_of, release

TRUSTED = TrustedKeys.of(KEY.public_key())
MESSAGES = chain_of("v1", "v2", "v1", "v3")


def fold(messages: list[bytes], model: str = "flights") -> tuple[Chain, list[str]]:
    chain = Chain(model, TRUSTED)
    return chain, [chain.take(message).reason for message in messages]


def test_releases_that_follow_each_other_are_accepted() -> None:
    chain, reasons = fold(MESSAGES)
    assert reasons == [""] * 4
    assert chain.head is not None and chain.head.release.champion.version == "v3"
    assert [link.id for link in chain.history] == [release_id(message) for message in MESSAGES]


def test_what_was_signed_is_what_is_read() -> None:
    signed = release("v7")
    read = verify(sign(signed, KEY), TRUSTED)
    assert isinstance(read, Release)
    assert read.variants == signed.variants and read.parameters == signed.parameters and read.threshold == 0.5


@given(st.data())
def test_one_changed_byte_changes_nothing(data: st.DataObject) -> None:
    """Fails when the signature is not checked, or when a second spelling of a message is let through."""
    message = bytearray(MESSAGES[1])
    at = data.draw(st.integers(0, len(message) - 1))
    message[at] ^= data.draw(st.integers(1, 255))
    chain, reasons = fold([MESSAGES[0], bytes(message)])
    assert reasons[1] in REASONS
    assert chain.head is not None and chain.head.id == release_id(MESSAGES[0])


@given(st.lists(st.integers(0, 3), max_size=12))
def test_whatever_is_reordered_or_replayed_the_accepted_ones_are_a_prefix_of_the_chain(order: list[int]) -> None:
    chain, _ = fold([MESSAGES[i] for i in order])
    accepted = [link.id for link in chain.history]
    assert accepted == [release_id(message) for message in MESSAGES[: len(accepted)]]


def test_of_two_that_follow_the_same_head_the_first_one_counts() -> None:
    head = release_id(MESSAGES[0])
    rival = sign(release("v9", sequence=1, predecessor=head), KEY)
    assert fold([MESSAGES[0], rival, MESSAGES[1]])[1] == ["", "", "wrong-predecessor"]
    assert fold([MESSAGES[0], MESSAGES[1], rival])[1] == ["", "", "wrong-predecessor"]


def test_a_release_of_the_right_number_that_follows_the_loser_is_refused() -> None:
    rival = sign(release("v9", sequence=1, predecessor=release_id(MESSAGES[0])), KEY)
    after_rival = sign(release("v10", sequence=2, predecessor=release_id(rival)), KEY)
    assert fold([MESSAGES[0], MESSAGES[1], rival, after_rival])[1] == ["", "", "wrong-predecessor", "wrong-predecessor"]


def test_a_replayed_release_is_called_that() -> None:
    assert fold([MESSAGES[0], MESSAGES[1], MESSAGES[0]])[1] == ["", "", "replayed"]


def test_a_sequence_that_jumps_is_refused() -> None:
    jump = sign(release("v2", sequence=2, predecessor=release_id(MESSAGES[0])), KEY)
    assert fold([MESSAGES[0], jump])[1] == ["", "wrong-predecessor"]


def test_a_release_of_another_model_is_refused() -> None:
    assert fold(MESSAGES[:1], model="fraud")[1] == ["wrong-model"]


def test_a_stranger_s_release_is_refused() -> None:
    assert fold([sign(release(), STRANGER)])[1] == ["unknown-key"]


def test_a_stranger_who_claims_a_trusted_key_is_refused() -> None:
    message = json.loads(sign(release(), STRANGER))
    message["document"]["key_id"] = json.loads(MESSAGES[0])["document"]["key_id"]
    assert fold([canonical(message)])[1] == ["bad-signature"]


def test_a_document_without_a_signature_is_refused() -> None:
    document = json.loads(MESSAGES[0])["document"]
    assert fold([canonical({"document": document})])[1] == ["unsigned"]
    assert fold([canonical({"document": document, "signature": ""})])[1] == ["unsigned"]


def test_another_spelling_of_a_signed_document_is_refused() -> None:
    parsed = json.loads(MESSAGES[0])
    spaced = json.dumps(parsed).encode()
    extended = canonical({**parsed, "document": {**parsed["document"], "more": 1}})
    doubled = MESSAGES[0].replace(b'{"action"', b'{"action":"approve","action"')
    assert fold([spaced, extended, doubled])[1] == ["not-canonical"] * 3


@pytest.mark.parametrize(
    "message",
    [b"", b"null", b"[]", b"{}", b"\xff\xfe", b"[" * 200_000, b'{"document":1,"signature":"x"}', b"9" * 5000],
)
def test_bytes_that_are_no_release_are_malformed(message: bytes) -> None:
    assert fold([message])[1] == ["malformed"]


def test_a_message_over_the_cap_is_not_even_parsed() -> None:
    assert fold([MESSAGES[0] + b" " * 300_000])[1] == ["too-large"]


@given(st.binary(max_size=200))
def test_no_bytes_raise(message: bytes) -> None:
    assert fold([message])[1] == ["malformed"]


CHALLENGER = Variant(name="b", version="v2", digest="b" * 64, share=1000, role="challenger")
CHAMPION = Variant(name="a", version="v1", digest="a" * 64, share=9000)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "../x"},
        {"sequence": 1},
        {"sequence": -1},
        {"sequence": 1, "predecessor": "xyz"},
        {"reason": " "},
        {"actor": ""},
        {"variants": ()},
        {"variants": (CHAMPION,)},
        {"variants": (CHAMPION, CHALLENGER, CHALLENGER)},
        {"variants": (Variant(name="a", version="latest", digest="a" * 64),)},
        {"variants": (Variant(name="a", version="v1", digest="a"),)},
        {"variants": (Variant(name="a", version="v1", digest="a" * 64, role="shadow"),)},
        {"parameters": {"Bad Name": 1}},
        {"parameters": {"threshold": True}},
        {"parameters": {"threshold": "high"}},
    ],
)
def test_a_state_that_cannot_serve_is_neither_signed_nor_taken(changes: dict[str, Any]) -> None:
    with pytest.raises(ReleaseMalformed):
        sign(release(**changes), KEY)


def test_a_signed_state_that_cannot_serve_is_not_taken() -> None:
    from dataclasses import asdict, replace

    from headrace.release import key_id
    from headrace.release.message import CONTEXT

    document = asdict(replace(release(variants=(CHAMPION,)), key_id=key_id(KEY.public_key())))
    signature = base64.b64encode(KEY.sign(CONTEXT + canonical(document))).decode()
    assert fold([canonical({"document": document, "signature": signature})])[1] == ["malformed"]


def test_not_a_number_cannot_be_signed() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        sign(release(evidence={"auc": float("nan")}), KEY)


def test_the_champion_is_asked_last_and_shadows_do_not_answer() -> None:
    shadow = Variant(name="s", version="v3", digest="c" * 64, share=500, role="shadow")
    signed = release(variants=(CHAMPION, shadow, CHALLENGER))
    assert signed.serving == (CHALLENGER, CHAMPION)
    assert isinstance(verify(sign(signed, KEY), TRUSTED), Release)


def test_a_key_releases_until_its_end_and_what_it_released_stays() -> None:
    """Seen to fail when only the document's own date is looked at: the last one is dated back by who holds the key."""
    ids = {key: key_id(key.public_key()) for key in (KEY, STRANGER)}
    both = {ids[key]: key.public_key() for key in (KEY, STRANGER)}
    ended = TrustedKeys(keys=both, ends={ids[KEY]: datetime(2013, 2, 2, tzinfo=UTC)})
    chain = Chain("flights", ended)

    def follows(key: Ed25519PrivateKey, at: str) -> str:
        head = chain.head
        number, before = (head.release.sequence + 1, head.id) if head else (0, "")
        return chain.take(sign(release(sequence=number, predecessor=before, issued_at=at), key)).reason

    assert follows(KEY, "2013-02-01T00:00:00+00:00") == ""
    assert follows(KEY, "2013-02-02T00:00:01Z") == "expired-key"
    assert follows(KEY, "one fine day") == "expired-key"
    assert follows(KEY, "2013-02-02T00:00:00") == ""
    assert follows(STRANGER, "2013-02-03T00:00:00Z") == ""
    assert follows(KEY, "2013-02-01T12:00:00Z") == "expired-key"
    assert [link.release.sequence for link in chain.history] == [0, 1, 2]
