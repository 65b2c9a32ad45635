"""docs/reliability.md, from the results of one or several campaigns."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.faults.campaign.coverage import NOT_SHOWN, ROWS

Row = Mapping[str, Any]
TEXT = Path(__file__).with_name("reliability.md")


def write_page(page: Path, results: Sequence[Path]) -> None:
    """Write the page from out/faults.json of each campaign."""
    page.write_text(render([json.loads(path.read_text(encoding="utf-8")) for path in results]), encoding="utf-8")


def render(runs: Sequence[Mapping[str, Any]]) -> str:
    """The page; faults that ran with several seeds are one line each. Of a fault and a seed the last run counts."""
    last = {(row["fault"], row["seed"]): row for run in runs for row in run["faults"]}
    rows = [row for row in last.values() if not row["reason"]]
    absent = {row["fault"]: row for run in runs for row in run["faults"] if row["reason"]}
    mutants = {name: told for run in runs for name, told in run["mutants"].items()}
    parts = {
        "verdict": _verdict(rows, mutants),
        "table": _table(rows),
        "faults": _faults(rows),
        "mutants": _mutants(mutants),
        "absent": _absent(absent.values()),
        "machine": _machine(runs),
    }
    page = TEXT.read_text(encoding="utf-8")
    for name, text in parts.items():
        page = page.replace(f"<!-- {name} -->", text)
    return page


def _verdict(rows: Sequence[Row], mutants: Mapping[str, Row]) -> str:
    seeds = sorted({row["seed"] for row in rows})
    size = " in brief runs, which are no proof" if any(row["brief"] for row in rows) else ""
    lines = [
        f"{len({row['fault'] for row in rows})} faults, {_many(seeds, 'seed')}{size}: they really struck "
        f"{_sum(rows, 'happened'):,} times, while Kafka acknowledged {_sum(rows, 'acknowledged'):,} requests. Of these "
        f"**{_sum(rows, 'lost'):,} were lost**, **{_sum(rows, 'duplicates'):,} are there twice** in what a user reads, "
        f"{_sum(rows, 'duplicates_raw'):,} are there twice in the raw topics and tables. {_longest(rows)} "
        f"{_caught(mutants)}"
    ]
    failed = [
        f"- `{row['fault']}`, seed {row['seed']}: {_first_lines(row['failures'])}" for row in rows if not row["ok"]
    ]
    return "\n".join([*lines, "", *(["**These did not hold:**", "", *failed] if failed else ["Every fault held."])])


def _longest(rows: Sequence[Row]) -> str:
    """Of the two slowest faults; overload's is the backlog that it consists of."""
    seconds = {name: max(row["recovered_s"] or 0 for row in runs) for name, runs in _by_fault(rows).items()}
    slowest = sorted(seconds, key=seconds.__getitem__, reverse=True)[:2]
    return f"The longest recoveries took {' and '.join(f'{seconds[name]:g} s (`{name}`)' for name in slowest)}."


def _first_lines(failures: Sequence[str]) -> str:
    """out/faults.json has all of them whole."""
    return "; ".join(failure.partition("\n")[0][:300] for failure in failures)


def _caught(mutants: Mapping[str, Row]) -> str:
    if not mutants:
        return "The mutants were not run."
    caught = sum(bool(told["caught_by"]) for told in mutants.values())
    return f"Of {len(mutants)} deliberately broken versions of Headrace {caught} were caught."


def _table(rows: Sequence[Row]) -> str:
    lines = [
        "| fault | struck | sent | acknowledged | lost | raw dup. | duplicates | dead letters | recovered | held |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for name, runs in _by_fault(rows).items():
        sums = ("happened", "sent", "acknowledged", "lost", "duplicates_raw", "duplicates", "dead_letters")
        cells = [f"{_sum(runs, what):,}" for what in sums] + [_recovered(runs)]
        held = f"{sum(row['ok'] for row in runs)} of {len(runs)}"
        lines.append(f"| [`{name}`](#{name}) | {' | '.join(cells)} | {held} |")
    return "\n".join(lines)


def _recovered(rows: Sequence[Row]) -> str:
    if any(row["recovered_s"] is None for row in rows):
        return "never"
    return f"{max(row['recovered_s'] for row in rows):g}"


def _faults(rows: Sequence[Row]) -> str:
    lines: list[str] = []
    for name, runs in _by_fault(rows).items():
        of_table = ", ".join(str(row) for row in runs[0]["rows"])
        lines += [f"### {name}", "", f"{runs[0]['title']} (Row {of_table}.)", ""]
        lines += [*(f"- seed {row['seed']}: {_facts(row)}" for row in runs), ""]
    return "\n".join(lines).rstrip()


def _facts(row: Row) -> str:
    """What a strike noted beside the counts."""
    return "; ".join(f"{name.replace('_', ' ')} {_spelt(value)}" for name, value in row["notes"].items())


def _spelt(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_spelt(one)}" for name, one in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def _mutants(mutants: Mapping[str, Row]) -> str:
    if not mutants:
        return "They were not run with this campaign."
    lines = ["| broken on purpose | caught by |", "|---|---|"]
    for name, told in mutants.items():
        what = f"{name}: {told['mistake']}" if told.get("mistake") else name
        lines.append(f"| {what} | {', '.join(told['caught_by']) or '**nothing**'} |")
    return "\n".join(lines)


def _absent(rows: Iterable[Row]) -> str:
    here = [f"- `{row['fault']}`: {row['title']} {row['reason']}" for row in rows]
    return "\n".join([*here, *(f"- Row {row}, {ROWS[row]}. {reason}" for row, reason in NOT_SHOWN.items())])


def _machine(runs: Sequence[Mapping[str, Any]]) -> str:
    lines = ["| | |", "|---|---|"]
    abouts = [run["about"] for run in runs]
    told = {"date": "run on", "commit": "commit", "seed": "seed", "seconds": "seconds it took", "kafka": "Apache Kafka"}
    for name, title in told.items():
        lines.append(f"| {title} | {'; '.join(str(about[name]) for about in abouts)} |")
    last = abouts[-1]
    lines.append(f"| machine | {last['processor']}, {last['cores']} cores, {last['memory_gb']} GB; {last['system']} |")
    lines.append(f"| faults beside each other | {last['lanes']} |")
    versions = {"Python": last["python"], **last["packages"]}
    return "\n".join([*lines, f"| versions | {', '.join(f'{name} {one}' for name, one in versions.items())} |"])


def _by_fault(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["fault"], []).append(row)
    return found


def _sum(rows: Sequence[Row], what: str) -> int:
    return sum(int(row[what]) for row in rows)


def _many(values: Sequence[Any], what: str) -> str:
    return f"{what}{'s' * (len(values) > 1)} {', '.join(map(str, values))}"
