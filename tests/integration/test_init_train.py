"""`headrace init`, `import` and `train`, one after the other, as a person types them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from headrace.registry import Registry

ROOT = Path(__file__).resolve().parents[2]


def headrace(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    argv = [sys.executable, "-m", "headrace", *arguments]
    return subprocess.run(
        argv, cwd=folder, env=env | {"PYTHONPATH": str(ROOT)} | settings, capture_output=True, text=True, timeout=240
    )


def test_a_folder_that_init_wrote_trains_a_first_version_that_is_better_than_guessing(
    tmp_path: Path, kafka: str, clickhouse: tuple[str, int]
) -> None:
    place = {
        "HEADRACE_KAFKA__BOOTSTRAP": kafka,
        "HEADRACE_CLICKHOUSE__HOST": clickhouse[0],
        "HEADRACE_CLICKHOUSE__PORT": str(clickhouse[1]),
    }
    name = f"i{uuid4().hex[:10]}"
    assert headrace(tmp_path, "init", name).returncode == 0
    assert headrace(tmp_path, "apply", name, **place).returncode == 0
    imported = headrace(tmp_path, "import", name, **place)
    assert imported.stdout == f"20,000 rows are in the history of {name}, 0 were left out\n", imported.stderr
    done = headrace(tmp_path, "train", name, "--until", "2025-03-15", "--json", **place)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert (measured["model"], measured["version"]) == (name, "v1")
    assert measured["auc"] > 0.65
    assert Registry.open(str(tmp_path / ".headrace" / "registry")).versions(name) == ("v1",)


def test_a_history_that_is_no_table_or_lacks_a_column_is_one_sentence(
    tmp_path: Path, clickhouse: tuple[str, int]
) -> None:
    place = {"HEADRACE_CLICKHOUSE__HOST": clickhouse[0], "HEADRACE_CLICKHOUSE__PORT": str(clickhouse[1])}
    headrace(tmp_path, "init", "fraud")
    for given, said in (("[]", "gave a list"), ("pa.table({'label': [1]})", "columns are missing: event_time, amount")):
        (tmp_path / "fraud" / "train.py").write_text(f"import pyarrow as pa\ndef history():\n    return {given}\n")
        done = headrace(tmp_path, "import", "./fraud", **place)
        assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


def test_the_commands_of_the_readme_exist(tmp_path: Path) -> None:
    headrace(tmp_path, "init", "fraud")
    readme = (tmp_path / "fraud" / "README.md").read_text()
    commands = [line.split() for line in readme.splitlines() if line.startswith("    headrace ")]
    assert len(commands) == 5
    for words in commands:
        path = [word for word in words[1:3] if word.isalpha() and word.islower() and word != "fraud"]
        assert headrace(tmp_path, *path, "--help").returncode == 0, words


def test_a_second_init_of_the_same_name_is_one_sentence_and_changes_nothing(tmp_path: Path) -> None:
    headrace(tmp_path, "init", "fraud")
    before = {path: path.read_bytes() for path in (tmp_path / "fraud").iterdir()}
    done = headrace(tmp_path, "init", "fraud")
    assert done.returncode == 2
    assert done.stderr == "headrace: fraud is there already; choose another name or remove it\n"
    assert {path: path.read_bytes() for path in (tmp_path / "fraud").iterdir()} == before
