"""A JSON request made whole."""

from datetime import datetime, timedelta, timezone

from headrace.ask.request import completed, key_of

NOW = datetime(2026, 1, 31, 14, 0, 0, 123_456, tzinfo=timezone(timedelta(hours=2)))


def test_what_is_missing_is_put_in_and_what_is_there_stays() -> None:
    made = completed('{"features": {"x": 1}}', request_id="new", now=NOW)
    assert made == {"request_id": "new", "event_time": "2026-01-31T12:00:00.123Z", "features": {"x": 1}}
    given = {"request_id": "mine", "event_time": 5, "entity": "e", "features": {}}
    text = '{"request_id": "mine", "event_time": 5, "entity": "e", "features": {}}'
    assert completed(text, request_id="new", now=NOW) == given


def test_the_key_is_the_entity_if_it_is_text() -> None:
    assert [key_of({"entity": entity}) for entity in ("é", None, 5)] == ["é".encode(), None, None]
    assert key_of({}) is None
