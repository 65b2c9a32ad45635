"""The document."""

from collections.abc import Iterator, Mapping
from typing import Any

from deploy.bench.measured import spelt
from deploy.bench.report.aims import Judged, judged
from deploy.bench.report.runs import CHAPTERS, Chapter
from deploy.bench.report.tables import table

Facts = Mapping[str, Any]
HEAD = """# Performance

Measured by `make bench` on the machine below and written by `headrace bench report`; no number here is typed by hand.
They are the numbers of this machine on that day: run it on yours.

How to read it: contenders run by turns, one at a time, each in a process of its own, round after round. A table gives
the median of the rounds with the least and the most of them. A ratio is the median of the ratios within a round,
because what else a machine does changes from round to round. CPU seconds for a million records are CPU microseconds for
one; a noisy machine disturbs them less than the clock. Everything ran on one machine: the broker, the contender and
whoever sends and reads share its cores."""


# What some runs measured besides, each with a table of its own.
ALSO = ("freshness", "growing", "beside")


def render(runs: Mapping[str, Facts]) -> str:
    """Markdown from what the runs found, by name."""
    lines = [HEAD, "", *_machine(runs), "", *_aims(judged(runs))]
    for chapter in CHAPTERS:
        lines += ["", f"## {chapter.title}", "", *_chapter(chapter, runs.get(chapter.name))]
    return "\n".join(lines) + "\n"


def _machine(runs: Mapping[str, Facts]) -> Iterator[str]:
    facts = next(iter(runs.values()))
    system = f"{facts['cores']} cores ({facts['processor']}), {facts['memory_gb']} GB, {facts['system']}"
    yield f"**Machine:** {system}, Python {facts['python']}."
    yield f"**Versions:** {', '.join(f'{name} {version}' for name, version in facts['versions'].items())}."
    yield ""
    yield "| run | begun | load average before it | |"
    yield "|---|---|--:|---|"
    for name, found in runs.items():
        remarks = "; ".join(_remarks(found, facts["versions"]))
        yield f"| {name} | {found['date']} | {found['load_average']:.2f} | {remarks} |"


def _remarks(found: Facts, versions: Mapping[str, str]) -> Iterator[str]:
    if found["load_average"] > found["cores"] / 2:
        yield "the machine was busy with other things"
    yield from (f"{name} {other}" for name, other in found["versions"].items() if other != versions.get(name))


def _aims(found: list[Judged]) -> Iterator[str]:
    yield "## Aims"
    yield ""
    missed = sum(not one.met for one in found)
    yield f"{len(found) - missed} of {len(found)} that were measured are reached{'.' if missed else ', all of them.'}"
    yield ""
    yield "| run | figure | found | aim | |"
    yield "|---|---|--:|--:|---|"
    for one in found:
        verdict = "reached" if one.met else "**missed**"
        yield f"| {one.aim.run} | {one.aim.what} | {spelt(one.found)} | {one.aim.wanted} | {verdict} |"


def _chapter(chapter: Chapter, facts: Facts | None) -> Iterator[str]:
    yield chapter.text
    yield ""
    if facts is None:
        yield f"Not measured in this run. `headrace bench {' '.join(chapter.command)}` does."
        return
    yield from table(facts)
    for also in (facts[name] for name in ALSO if name in facts):
        yield ""
        yield f"{also['what'].capitalize()}:"
        yield ""
        yield from table(also)
    yield from _legend(facts)
    yield ""
    yield f"`headrace bench {' '.join(chapter.command)}`"


def _legend(facts: Facts) -> Iterator[str]:
    if legend := facts.get("legend"):
        yield ""
        yield "```text"
        yield from (line.rstrip() for line in legend.splitlines())
        yield "```"
