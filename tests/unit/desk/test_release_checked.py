"""What a release keeps of the check that it rests on."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deploy.desk.checked import REPORT, Checked, report_of, unmet
from deploy.desk.standard import Point
from headrace.bundle import FileEntry, Manifest, Verified

MET = Point(name="minimum_rows", passed=True, detail="10 of at least 5")
NOT_MET = Point(name="floor.auc", passed=False, detail="at least 0.7000, wanted 0.8")
VERIFIED = Verified(digest="b" * 64, golden_rows=64, load_ms=5.0, us_per_row=1.0, one_row_us=300.0, peak_mb=200.0)


def manifest(**more: Any) -> Manifest:
    plain: dict[str, Any] = {"task": "classification", "schema": {}, "encoder": {}, "files": {}, "libraries": {}}
    return Manifest(model="fraud", version="v2", **plain | {"metrics": {"auc": 0.75}, "code_revision": "abc"} | more)


def checked(*points: Point) -> Checked:
    return Checked(manifest=manifest(), verified=VERIFIED, proposer="ada", standard="d" * 64, points=points)


def test_the_points_that_were_not_met_are_told_apart() -> None:
    assert checked(MET, NOT_MET).unmet == (NOT_MET,)
    assert checked(MET, NOT_MET).to_dict()["met"] is False
    assert checked(MET).unmet == () and checked(MET).to_dict()["met"] is True


def test_an_override_stays_beside_every_point_that_it_overrode() -> None:
    kept = checked(MET, NOT_MET).evidence("the board wants it", present=None)
    assert kept["override"] == "the board wants it"
    assert kept["standard"] == {"digest": "d" * 64, "points": [asdict(MET), asdict(NOT_MET)]}
    assert (kept["proposer"], kept["metrics"], kept["code_revision"]) == ("ada", {"auc": 0.75}, "abc")
    assert json.loads(json.dumps(kept)) == kept


def test_a_release_that_needed_no_override_says_nothing_of_one() -> None:
    kept = checked(MET).evidence("", present=VERIFIED)
    assert "override" not in kept and kept["replaced"] == asdict(VERIFIED)


def test_a_refusal_names_each_point_and_the_way_round_it() -> None:
    said = unmet("fraud", "v2", (NOT_MET,))
    assert "floor.auc: at least 0.7000, wanted 0.8" in said and "--override" in said and "Nothing was released" in said


def test_a_report_that_the_digest_does_not_cover_is_not_read(tmp_path: Path) -> None:
    """Else a file laid beside the bundle could show whatever the standard asks for."""
    (tmp_path / REPORT).write_text(json.dumps({"training": {"rows": 10**9}}))
    bare = manifest(training={"rows": 7})
    assert report_of(tmp_path, bare)["training"] == {"rows": 7, "evaluation_rows": 0}
    listed = manifest(files={REPORT: FileEntry(sha256="0" * 64, size=1)})
    assert report_of(tmp_path, listed)["training"] == {"rows": 10**9}
