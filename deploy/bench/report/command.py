"""`headrace bench all` and `headrace bench report`."""

import os
import subprocess
import sys
from pathlib import Path

import click

from deploy.bench.errors import BenchFailed
from deploy.bench.report.files import read_runs
from deploy.bench.report.render import render
from deploy.bench.report.runs import CHAPTERS, Chapter
from deploy.local.part import ROOT, python_path

OUT = ROOT / "out" / "bench"
DOCUMENT = ROOT / "docs" / "performance.md"
PEERS = "--peers"


@click.command("all")
@click.option("--only", multiple=True, type=click.Choice([one.name for one in CHAPTERS]), help="repeat it for several")
@click.option("--out", type=click.Path(path_type=Path), default=OUT, help="folder of the results (default: out/bench)")
@click.argument("options", nargs=-1)
def run_all(only: tuple[str, ...], out: Path, options: tuple[str, ...]) -> None:
    """Run every bench and keep what each found; OPTIONS (behind --) go to each of them."""
    out.mkdir(parents=True, exist_ok=True)
    chosen = [one for one in CHAPTERS if not only or one.name in only]
    for number, chapter in enumerate(chosen, 1):
        click.echo(f"== {number} of {len(chosen)}: {chapter.title}")
        if chapter.for_peers and (python := _peers(chapter)) and not python.exists():
            click.echo(f"left out: there is no {python.relative_to(ROOT)}; `make bench-peers` sets it up")
            continue
        _run(chapter, options, out / chapter.file)


@click.command("report")
@click.option("--from", "folder", type=click.Path(path_type=Path), default=OUT, help="results (default: out/bench)")
@click.option(
    "--to", "document", type=click.Path(path_type=Path), default=DOCUMENT, help="(default: docs/performance.md)"
)
def report(folder: Path, document: Path) -> None:
    """Write docs/performance.md from what the benches found."""
    document.write_text(render(read_runs(folder)), encoding="utf-8")
    click.echo(f"{document} written")


def _run(chapter: Chapter, options: tuple[str, ...], file: Path) -> None:
    command = [sys.executable, "-m", "headrace", "bench", *chapter.command, *options, "--json"]
    env = os.environ | {"PYTHONPATH": python_path()}
    # What is for people goes straight to them; what is for programs is the last line of the rest.
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT, check=False)
    if done.returncode:
        raise BenchFailed(f"headrace bench {' '.join(chapter.command)} ended with {done.returncode}")
    fresh = file.with_suffix(".new")
    fresh.write_text(done.stdout.splitlines()[-1] + "\n", encoding="utf-8")
    fresh.rename(file)


def _peers(chapter: Chapter) -> Path | None:
    if PEERS not in chapter.command:
        return None
    return ROOT / chapter.command[chapter.command.index(PEERS) + 1]
