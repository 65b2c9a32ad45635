"""What a run found, as Markdown tables; any bench whose contenders are {rounds, median, min, max}."""

from collections.abc import Mapping, Sequence
from typing import Any

from deploy.bench.measured import spelt

Facts = Mapping[str, Any]
SPREAD = {"rounds", "median", "min", "max"}
HEADINGS = {
    "cpu_s_per_million": "CPU s a million",
    "engine_cpu_s_per_million": "engine's CPU s a million",
    "records_per_s": "a second",
    "rows_per_s": "a second",
    "records_a_second": "a second",
}


def table(facts: Facts) -> list[str]:
    """One line a contender: the chief figure with its spread, the medians of the others, and ratios."""
    contenders: Mapping[str, Mapping[str, Any]] = facts["contenders"]
    others = list(dict.fromkeys(name for one in contenders.values() for name in one if name not in SPREAD))
    against = _against(facts)
    headings = ["", f"{_heading(facts['figure'])}, median", "min", "max", *map(_heading, others)]
    lines = [_row(headings + (["beside"] if against else [])), _rule(len(headings) + bool(against))]
    for name, one in contenders.items():
        cells = [name, *(spelt(one[each]) for each in ("median", "min", "max"))]
        cells += [spelt(one[other]["median"]) if other in one else "" for other in others]
        lines.append(_row(cells + ([against.get(name, "")] if against else [])))
    return lines


def _against(facts: Facts) -> dict[str, str]:
    """For each contender what it is of others; several where there are several."""
    found: dict[str, list[str]] = {}
    for pair, value in facts.get("ratios", {}).items():
        ours, theirs = _split(pair, facts["contenders"])
        if ours == "headrace" and len(facts["contenders"]) > 2:
            # One against many: each line says how many times as fast as it Headrace was.
            found.setdefault(theirs, []).append(f"headrace is {spelt(value)} x")
        else:
            found.setdefault(ours, []).append(f"{spelt(value)} x {theirs}")
    return {name: ", ".join(texts) for name, texts in found.items()}


def _split(pair: str, names: Mapping[str, Any]) -> tuple[str, str]:
    """A name may hold a slash of its own."""
    for name in names:
        if pair.startswith(f"{name}/") and pair[len(name) + 1 :] in names:
            return name, pair[len(name) + 1 :]
    ours, _, theirs = pair.partition("/")
    return ours, theirs


def _heading(figure: str) -> str:
    return HEADINGS.get(figure, figure)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(columns: int) -> str:
    return _row(["---", *["--:"] * (columns - 1)])
