"""`headrace` itself: commands from a table, errors as one sentence; in real processes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from headrace.cli.main import cli
from headrace.cli.table import COMMANDS

ROOT = Path(__file__).resolve().parents[3]


def headrace(*arguments: str, root: Path = ROOT, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    """Run it from a checkout; another than this one is the only one that its process knows."""
    program = (
        f"import sys; sys.path[:] = [{str(root)!r}, *(p for p in sys.path if p not in ('', {str(ROOT)!r}))]\n"
        "from headrace.cli.main import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=cwd,
        env={**clean, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_error_that_a_person_can_mend_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    ended = headrace("apply", "nowhere", cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr.startswith("headrace: ") and len(ended.stderr.splitlines()) == 1
    assert "nowhere is not a folder; `headrace init NAME` makes a model folder" in ended.stderr
    assert not ended.stdout


def test_settings_that_cannot_be_used_are_one_sentence_too(tmp_path: Path) -> None:
    ended = headrace("sql", "SELECT 1", cwd=tmp_path, HEADRACE_WORKER__BATCH_ROWS="many")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "worker.batch_rows" in ended.stderr and "Traceback" not in ended.stderr


def test_a_command_whose_part_is_not_installed_is_told_by_its_folder(tmp_path: Path) -> None:
    """As in an image, which holds headrace and one role only."""
    shutil.copytree(ROOT / "headrace", tmp_path / "headrace", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "empty").mkdir()
    ended = headrace("train", "x", root=tmp_path, cwd=tmp_path / "empty", PYTHONPATH="", PYTHONDONTWRITEBYTECODE="1")
    assert ended.returncode == 2
    assert ended.stderr.startswith("headrace: this installation does not hold trainer/; run the command from")
    assert len(ended.stderr.splitlines()) == 1
    listed = headrace("--help", root=tmp_path, cwd=tmp_path / "empty", PYTHONPATH="", PYTHONDONTWRITEBYTECODE="1")
    assert listed.returncode == 0 and all(name in listed.stdout for name in COMMANDS)


def test_a_command_that_does_not_exist_is_a_wrong_use(tmp_path: Path) -> None:
    ended = headrace("frobnicate", cwd=tmp_path)
    assert ended.returncode == 2 and "No such command 'frobnicate'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_commands_are_listed_in_the_order_of_the_table_without_importing_any(tmp_path: Path) -> None:
    heavy = ("faust", "sklearn", "confluent_kafka", "clickhouse_driver", "streams", "trainer", "deploy")
    program = (
        "import sys\nfrom headrace.cli.main import main\n"
        "main(['--help'])\n"
        f"print('imported', [name for name in {heavy!r} if name in sys.modules])\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    lines = ended.stdout.splitlines()
    assert lines[-1] == "imported []"
    starts = [line.split()[0] for line in lines if line.startswith("  ") and line.split()[0] in COMMANDS]
    assert starts == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_can_be_loaded_and_helps(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert isinstance(command, click.Command)
    assert command.name == name
    context = click.Context(command, info_name=f"headrace {name}")
    assert command.get_help(context).startswith(f"Usage: headrace {name}")
    assert command.help, "the first line of the help says what it does"
