"""README's "A model of your own", word by word: its files are written and its commands run as they stand there."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from headrace import bundle
from headrace.registry import Registry
from tests.faults.worker import until

README = Path(__file__).resolve().parents[2] / "README.md"
# A paragraph that names a file introduces that file's block; a shell block has no file.
BLOCK = re.compile(r"(?P<before>[^\n]*(?:\n[^\n]+)*)\n\n```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL)
FILE = re.compile(r"`((?:taxi/)?[\w-]+\.(?:toml|avsc|py))`")
ENDS_S = 120.0
PNG = b"\x89PNG\r\n\x1a\n"


def blocks() -> Iterator[tuple[str, str]]:
    """File and text of each block of the section, in order; the file is empty for commands."""
    section = README.read_text(encoding="utf-8").partition("\n## A model of your own\n")[2].partition("\n## ")[0]
    for found in BLOCK.finditer(section):
        named = "" if found["language"] == "sh" else FILE.findall(found["before"])[-1]
        yield named, found["text"]


class Newcomer:
    """A folder in which the section is followed. Ports are free ones: another stack may run on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.said = folder, ""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
        # Two OpenMP threads that must share a busy core spin, and fitting takes forty times as long.
        own = {"OMP_NUM_THREADS": "1", "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        self.env = kept | own
        self._up: subprocess.Popen[bytes] | None = None

    def follow(self) -> None:
        """Write each file and run each command."""
        for file, text in blocks():
            if file:
                (self.folder / file).write_text(text, encoding="utf-8")
            else:
                for command in text.splitlines():
                    self.up(command) if command.startswith("headrace up") else self.run(command)

    def run(self, command: str) -> str:
        """A command in a shell; it must succeed."""
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=ENDS_S
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        self.said += f"$ {command}\n{done.stdout}"
        return done.stdout

    def up(self, command: str) -> None:
        """The stack, left running; its Kafka is where the client looks for it."""
        log = self.folder / "up.log"
        words = command.partition("#")[0] + " --kafka-port 0 --clickhouse-port 0"
        with log.open("wb") as out:
            argv = ["bash", "-c", f"exec {words}"]
            self._up = subprocess.Popen(argv, cwd=self.folder, env=self.env, stdout=out, stderr=out)
        until(
            lambda: "ready; in another terminal" in log.read_text() or self._up.poll() is not None, "the stack", ENDS_S
        )
        told = log.read_text()
        assert self._up.poll() is None, told
        self.env["HEADRACE_KAFKA__BOOTSTRAP"] = re.search(r"Kafka +(\S+)", told)[1]  # type: ignore[index]

    def close(self) -> None:
        """Stop the stack."""
        if self._up is not None:
            self._up.terminate()
            self._up.wait(ENDS_S)


@pytest.fixture(scope="module")
def newcomer(kafka_jars: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """One who has followed the section to its end."""
    made = Newcomer(tmp_path_factory.mktemp("newcomer"))
    try:
        made.follow()
        yield made
    finally:
        made.close()


def test_what_a_newcomer_writes_is_about_twenty_lines() -> None:
    own = [text for file, text in blocks() if file.startswith("taxi/")]
    assert len(own) == 3 and sum(bool(line.strip()) for text in own for line in text.splitlines()) <= 20


def test_the_model_is_trained_and_approved_on_what_the_standard_asks_for(newcomer: Newcomer) -> None:
    release = json.loads(newcomer.run("headrace release show taxi --json"))
    assert (release["action"], release["reason"]) == ("approve", "first model")
    assert release["variants"][0]["version"] == "v1" and release["evidence"]["metrics"]["rows"] == 15 * 48
    points = {point["name"]: point["passed"] for point in release["evidence"]["standard"]["points"]}
    assert points == {"minimum_labels": True, "ceiling.mae": True}
    assert "meets the release standard" in newcomer.said


def test_the_score_is_the_bundles_own_prediction(newcomer: Newcomer) -> None:
    answer = json.loads(re.search(r"\$ headrace score .*?\n(\{.*?\n\})\n", newcomer.said, re.DOTALL)[1])  # type: ignore[index]
    assert (answer["status"], answer["version"], answer["decision"]) == ("ok", "v1", None)
    registry = Registry.open(str(newcomer.folder / ".headrace" / "registry"))
    digest = registry.digest("taxi", "v1")
    folder = registry.fetch_bundle("taxi", "v1", digest, newcomer.folder / "fetched")
    row = {"km": pa.array([7.5]), "hour": pa.array([8], pa.int32()), "rain": pa.array([True])}
    assert answer["scores"] == bundle.load(folder, digest).predictor.scores(row, 1).tolist()
    # Seven and a half kilometres by day and in the rain: 4 + 7.5 * 3 * 1.3 minutes.
    assert answer["scores"][0] == pytest.approx(33.25, abs=5)


def test_it_is_judged_by_the_labels_that_came(newcomer: Newcomer) -> None:
    together: dict[str, Any] = {}

    def judged() -> bool:
        told = json.loads(newcomer.run("headrace quality taxi --json"))
        together.update(next((one for one in told["cohorts"] if one["window"] is None), {}))
        return bool(together) and together["labels"] == 4 * 48

    until(judged, "all labels")
    assert (together["version"], together["predicted"], together["state"]) == ("v1", 4 * 48, "mature")
    for name in ("mae", "rmse", "bias"):
        value, low, high = together[name]
        assert low < value < high, name
    # Each ride's own noise is up to 3 minutes, and 1.5 on average: what even the best model is wrong by.
    assert 1.2 < together["mae"][0] < together["rmse"][0] < 6 and abs(together["bias"][0]) < 1.5


def test_the_judgement_equals_one_made_by_hand_from_the_answers(newcomer: Newcomer) -> None:
    query = "SELECT request_id, score FROM taxi_predictions WHERE request_id LIKE 'march%'"
    rows = json.loads(newcomer.run(f'headrace sql "{query}" --format json'))
    scores = {row["request_id"]: row["score"] for row in rows}
    with (newcomer.folder / "march.csv").open() as opened:
        wrong = [scores[ride["request_id"]] - float(ride["label"]) for ride in csv.DictReader(opened)]
    told = json.loads(newcomer.run("headrace quality taxi --json"))
    (together,) = [one for one in told["cohorts"] if one["window"] is None]
    assert together["mae"][0] == pytest.approx(sum(map(abs, wrong)) / len(wrong), abs=1e-9)
    assert together["bias"][0] == pytest.approx(sum(wrong) / len(wrong), abs=1e-9)


def test_the_picture_is_a_picture(newcomer: Newcomer) -> None:
    # The last command of the section, called again as it says, until the labels are there.
    (command,) = [line for _, text in blocks() for line in text.splitlines() if "--plot" in line]
    picture = newcomer.folder / "quality.png"
    until(lambda: bool(newcomer.run(command)) and picture.exists(), "the picture", ENDS_S)
    assert picture.read_bytes().startswith(PNG)
