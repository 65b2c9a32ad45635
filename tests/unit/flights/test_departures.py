"""The flights of 2013, counted; and nothing in a request that was not known when the aircraft left."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from examples.flights import departures as flights
from headrace.features import FeatureSet

FOLDER = Path(flights.__file__).parent


@pytest.fixture(scope="module")
def year() -> pa.Table:
    return flights.departures()


@pytest.fixture(scope="module")
def minutes(year: pa.Table) -> np.ndarray:
    """Minutes from departure to label, of the labelled flights."""
    known = year.filter(pc.is_valid(year["label"]))
    return (known["label_time"].to_numpy() - known["event_time"].to_numpy()) / np.timedelta64(1, "m")


def test_the_counts_of_the_year_are_those_of_the_source(year: pa.Table) -> None:
    source = flights.source("flights")
    assert source.num_rows == 336_776
    assert source["dep_time"].null_count == 8_255
    assert year.num_rows == 336_776 - 8_255
    assert year["label"].null_count == year["label_time"].null_count == 1_175
    assert year.num_rows - year["label"].null_count == 327_346


def test_request_ids_are_unique_and_readable(year: pa.Table) -> None:
    assert pc.count_distinct(year["request_id"]).as_py() == year.num_rows
    assert year["request_id"][0].as_py() == "2013-01-01-UA1545-EWR-0515"


def test_rows_are_in_event_time_order_with_the_request_id_as_tie_break(year: pa.Table) -> None:
    keys = list(zip(year["event_time"].cast(pa.int64()).to_pylist(), year["request_id"].to_pylist(), strict=True))
    assert keys == sorted(keys)


def test_event_time_is_the_new_york_clock_in_utc_in_winter_and_in_summer(year: pa.Table) -> None:
    row = {name: year[name] for name in ("request_id", "event_time", "label_time")}
    assert _row(row, "2013-01-01-UA1545-EWR-0515") == (_utc(2013, 1, 1, 10, 17), _utc(2013, 1, 1, 14, 30))
    # In summer New York is 4 hours behind UTC; Hawaii, which knows no summer time, 10.
    summer = flights.source("flights").filter(
        (pc.field("month") == 7) & (pc.field("day") == 4) & (pc.field("dest") == "HNL") & (pc.field("carrier") == "HA")
    )
    clock = summer["dep_time"][0].as_py()
    name = flights.request_ids(summer)[0].as_py()
    local = datetime(2013, 7, 4, clock // 100, clock % 100, tzinfo=UTC)
    assert _row(row, name)[0] == local + timedelta(hours=4)
    landed = summer["arr_time"][0].as_py()
    assert _row(row, name)[1] == datetime(2013, 7, 4, landed // 100, landed % 100, tzinfo=UTC) + timedelta(hours=10)


def test_the_label_comes_as_late_as_the_arrival(year: pa.Table, minutes: np.ndarray) -> None:
    late = year["label"].drop_null().to_numpy()
    assert np.median(minutes) == 160
    assert [round(float((minutes <= hours * 60).mean()), 3) for hours in (2, 4, 8)] == [0.28, 0.789, 0.998]
    assert round(float(late[minutes <= 120].mean()), 3) == 0.206
    assert round(float(late.mean()), 3) == 0.237
    assert minutes.min() == 33
    assert minutes.max() == 738


def test_the_arrival_by_the_clock_is_the_scheduled_arrival_and_the_delay(year: pa.Table, minutes: np.ndarray) -> None:
    """The two ways to the instant of arrival agree on every labelled flight; only one of them reads arr_time."""
    known = year.filter(pc.is_valid(year["label"]))
    source = flights.source("flights")
    delays = pa.table({"request_id": flights.request_ids(source), "arr_delay": source["arr_delay"]})
    by_name = delays["arr_delay"].take(pc.index_in(known["request_id"], delays["request_id"].combine_chunks()))
    by_schedule = pc.subtract(pc.add(known["sched_minutes"], by_name), known["dep_delay"])
    assert np.array_equal(minutes, by_schedule.to_numpy())


def test_the_columns_are_those_of_the_feature_schema(year: pa.Table) -> None:
    kinds = {"int": pa.int32(), "double": pa.float64(), "string": pa.string(), "enum": pa.string()}
    features = FeatureSet.read(FOLDER / "features.avsc").features
    assert year.schema.names[:5] == ["request_id", "event_time", "entity", "label", "label_time"]
    assert [(f.name, f.type) for f in list(year.schema)[5:]] == [(f.name, kinds[f.kind]) for f in features]
    assert {f.name for f in features if not f.nullable and year[f.name].null_count} == set()
    assert set(year["origin"].unique().to_pylist()) == {"EWR", "JFK", "LGA"}


def test_weekday_is_that_of_the_new_york_calendar(year: pa.Table) -> None:
    names = year["request_id"].to_pylist()[::1001]
    days = year["weekday"].to_pylist()[::1001]
    assert days == [datetime.fromisoformat(name[:10]).weekday() for name in names]


def test_weather_from_the_hour_of_the_departure_on_never_reaches_a_request() -> None:
    small = _tables(400)
    honest = flights.assemble(**small)
    for planted_from in (_utc(2013, 1, 1, 15, 0), _utc(2013, 1, 1, 18, 0)):
        planted = flights.assemble(**small | {"weather": _planted(small["weather"], planted_from)})
        until = pc.less(honest["event_time"], pa.scalar(planted_from + timedelta(hours=1), flights.INSTANT))
        assert 0 < pc.sum(until).as_py() < honest.num_rows
        assert planted.filter(until).equals(honest.filter(until))
        assert not planted.filter(pc.invert(until))["temp"].equals(honest.filter(pc.invert(until))["temp"])


def test_weather_is_that_of_the_hour_before_the_departure() -> None:
    small = _tables(400)
    rows = flights.assemble(**small).slice(0, 1).to_pylist()[0]
    nine = pc.and_(pc.equal(small["weather"]["origin"], "EWR"), pc.equal(small["weather"]["hour"], 4))
    assert rows["event_time"] == _utc(2013, 1, 1, 10, 17)
    assert rows["temp"] == small["weather"].filter(nine)["temp"][0].as_py() == 39.92


def test_requests_are_the_half_open_slice_without_its_outcome(year: pa.Table) -> None:
    february = flights.requests(_utc(2013, 2, 1), _utc(2013, 3, 1))
    march = flights.requests(_utc(2013, 3, 1), _utc(2013, 4, 1))
    both = flights.requests(_utc(2013, 2, 1), _utc(2013, 4, 1))
    assert both.equals(pa.concat_tables([february, march]).combine_chunks())
    assert february["event_time"][0].as_py() >= _utc(2013, 2, 1) > year["event_time"][0].as_py()
    assert february["event_time"][-1].as_py() < _utc(2013, 3, 1) <= march["event_time"][0].as_py()
    assert not {"label", "label_time"} & set(february.column_names)


def _tables(flown: int) -> dict[str, pa.Table]:
    tables = {name: flights.source(name) for name in ("flights", "weather", "planes", "airports")}
    tables["weather"] = tables["weather"].filter(pc.field("day") == 1)
    return tables | {"flights": tables["flights"].slice(0, flown)}


def _planted(weather: pa.Table, since: datetime) -> pa.Table:
    future = pc.greater_equal(weather["time_hour"], pa.scalar(since, weather["time_hour"].type))
    column = weather.schema.get_field_index("temp")
    return weather.set_column(column, "temp", pc.if_else(future, 999.0, weather["temp"]))


def _row(columns: Mapping[str, pa.ChunkedArray], request_id: str) -> tuple[datetime, datetime]:
    at = pc.index(columns["request_id"], request_id).as_py()
    return columns["event_time"][at].as_py(), columns["label_time"][at].as_py()


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]
