"""The command `headrace demo`."""

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console

from deploy.demo import story
from deploy.demo.errors import DemoFailed
from deploy.demo.keys import keyboard
from deploy.demo.view import view
from deploy.local.folder import StackFolder
from deploy.local.stack import LocalStack
from headrace.settings import load

MARK = "demo"
DAYS_A_SECOND = 2.0


@click.command()
@click.option("--data-dir", type=click.Path(path_type=Path), help="folder for it (default: demo in the data folder)")
@click.option("--scorers", default=3, show_default=True, type=click.IntRange(1, 16), help="how many workers score")
@click.option("--days-a-second", default=DAYS_A_SECOND, show_default=True, type=float, help="speed of the replay")
@click.option("--json", "as_json", is_flag=True, help="end with the summary as one JSON object on the last line")
def demo(data_dir: Path | None, scorers: int, days_a_second: float, as_json: bool) -> None:
    """Score February and March 2013 with a worker killed and a model swapped, and count what is missing."""
    signal.signal(signal.SIGTERM, _interrupted)
    folder = (data_dir or load().data_dir / "demo").resolve()
    _made_anew(folder)
    # With --json standard output is for the object; what a person reads goes beside it.
    console = Console(stderr=as_json)
    interactive = console.is_terminal and not as_json
    with view(console, interactive=interactive) as shown:
        shown.say("starting Kafka and ClickHouse")
        stack = LocalStack(folder, told=shown.say)
        try:
            found = stack.start()
            shown.say(f"Kafka at {found.kafka}, ClickHouse at {':'.join(map(str, found.clickhouse))}, data in {folder}")
            with keyboard(interactive) as keys:
                told = story.run(stack, shown, keys, scorers=scorers, speed=days_a_second * 86_400)
        finally:
            shown.say("stopping")
            stack.stop()
    (folder / "request.json").write_text(json.dumps(told.pop("example")), encoding="utf-8")
    told |= {"kafka": found.kafka, "clickhouse": ":".join(map(str, found.clickhouse)), "data_dir": str(folder)}
    console.print(_verdict(told), highlight=False, markup=False, soft_wrap=True)
    if as_json:
        click.echo(json.dumps(told))
    if told["unaccounted"] or told["duplicates"]:
        raise DemoFailed(f"{told['unaccounted']} requests are unaccounted for, {told['duplicates']} are double")


def _made_anew(folder: Path) -> None:
    """Each demo begins with nothing; only a folder that a demo made is ever removed."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).is_file():
            raise DemoFailed(f"{folder} holds something that no demo made; name another folder with --data-dir")
        with StackFolder(root=folder).held():
            pass
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


def _verdict(told: dict[str, Any]) -> str:
    trained = "\n".join(
        f"  {version}        {one['rows']:,} rows, {one['positives']:,} late; evaluated on {one['evaluation_rows']:,}: "
        f"AUC {one['auc']:.4f}, log loss {one['log_loss']:.4f}"
        for version, one in told["train"].items()
    )
    swap = ", ".join(f"{worker} {seconds:.1f} s" for worker, seconds in told["swap"].items()) or "none"
    headrace = _program()
    versions = ", ".join(f"{version} {rows:,}" for version, rows in told["versions"].items())
    return f"""
{"=" * 78}
  requests  {told["requests"]:,} acknowledged by Kafka, {told["rate"]:,.0f} answered a second
  answers   {told["answered_ok"]:,} ok, {told["rejected"]:,} rejected, {told["dead_letters"]:,} dead letters
  rows      {told["rows_in_clickhouse"]:,} in ClickHouse, by version: {versions}
  latency   p50 {told["p50_ms"]:.1f} ms, p99 {told["p99_ms"]:.0f} ms, from a request's sending to its answer's reading
  kills     {told["kills"]} worker killed with signal 9, replaced each time
  swap      from approval to the first answer by the new version: {swap}
{trained}
{_standard(told["standard"])}
{_quality(told["quality"])}
{_batch(told["batch"])}
  missing   {told["unaccounted"]} unaccounted, {told["duplicates"]} double
{"=" * 78}

To go on with this data, start it again and leave it running:
    HEADRACE_DATA_DIR={told["data_dir"]} {headrace} up --model flights --scorers {told["workers"]}
and in another terminal (after `export HEADRACE_DATA_DIR={told["data_dir"]}`):
    {headrace} score flights --json-request {told["data_dir"]}/request.json
    {headrace} sql "SELECT carrier, count() AS flights, avg(score) AS late FROM flights_predictions GROUP BY carrier"
    {headrace} explain {told["example_id"]}
    {headrace} quality flights
"""


def _standard(found: dict[str, Any]) -> str:
    lines = []
    for version, one in found.items():
        lines.append(f"  standard  {version} {'meets' if one['met'] else 'does not meet'} the release standard:")
        lines += [f"            {point['name']}: {point['detail']}" for point in one["points"]]
    return "\n".join(lines)


def _quality(found: dict[str, Any]) -> str:
    return "\n".join(
        f"  quality   {version}: {one['labels']:,} labels ({one['share']:.1%} have arrived), on "
        f"{one['mature_days']} of {one['days']} days, those that may be judged: "
        + (f"AUC {one['auc']:.4f}, log loss {one['log_loss']:.4f}" if one["auc"] else "not judged yet")
        for version, one in found.items()
    )


def _batch(found: dict[str, Any]) -> str:
    if not found:
        return "  batch     not run"
    return (
        f"  batch     the year: {found['rows_in']:,} rows in = {found['rows_scored']:,} scored + "
        f"{found['rows_rejected']:,} rejected, {found['parts']} parts, {found['seconds']:.1f} s, by {found['version']}"
    )


def _program() -> str:
    """How to call `headrace` from where the person is."""
    if shutil.which("headrace"):
        return "headrace"
    return os.path.relpath(Path(sys.executable).parent / "headrace")


def _interrupted(*_: object) -> NoReturn:
    sys.exit(143)
