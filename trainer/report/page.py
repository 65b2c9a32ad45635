"""The report as one HTML file that needs nothing else: no script, no address."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1c2321 }
h1, h2 { line-height: 1.2 } h2 { margin-top: 2.5rem }
table { border-collapse: collapse } td, th { padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } tr { border-bottom: 1px solid #dfe5e3 }
figure { margin: 0; display: inline-block; max-width: 100% } figcaption { font-weight: 600 }
svg { max-width: 100%; height: auto }
.worse { color: #a3341c } .better { color: #17663f } .quiet { color: #5a6763 }
"""
HIGH = ("auc", "precision", "recall")


def page(facts: Mapping[str, Any], pictures: Iterable[tuple[str, str]]) -> str:
    """The whole file."""
    title = escape(facts["title"] or facts["model"])
    parts = [
        f"<h1>{title}</h1>",
        f"<p>{escape(_told(facts))}</p>",
        "<h2>Measures on the rows that followed</h2>",
        _measures(facts),
        "".join(f"<figure><figcaption>{escape(name)}</figcaption>{svg}</figure>" for name, svg in pictures),
        _drift(facts),
        _slices(facts),
        "<h2>How it was made</h2>",
        _made(facts["training"]),
    ]
    head = f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def _told(facts: Mapping[str, Any]) -> str:
    training, asked = facts["training"], facts["training"]["query"]
    what = f"It predicts: {facts['label']}. " if facts["label"] else ""
    return (
        f"{what}Trained on {training['rows']:,} labelled rows until {asked['until']}, evaluated on "
        f"{training['evaluation_rows']:,} from there until {asked['evaluate_until']}. An interval holds 95 %."
    )


def _measures(facts: Mapping[str, Any]) -> str:
    metrics, against = facts["metrics"], facts["against"]
    names = list(metrics["intervals"])
    if not names:
        return "<p>No labelled row followed, so nothing is measured.</p>"
    head = ["measure", "value", "interval"]
    if against:
        head += [f"champion {against['version']}", "difference", "its interval"]
    rows = []
    for name in names:
        low, high = metrics["intervals"][name]
        cells = [name.replace("_", " "), _number(metrics[name]), f"{_number(low)} to {_number(high)}"]
        if against:
            change = against["difference"].get(name)
            cells += [_number(against["champion"].get(name)), *_difference(name, change)]
        rows.append(cells)
    return _table(head, rows)


def _difference(name: str, change: Sequence[float | None] | None) -> list[str]:
    if change is None:
        return ["", ""]
    value, low, high = change
    told = f"{value:+.4f}"
    if low is not None and high is not None and (low > 0 or high < 0) and name not in ("calibration", "bias"):
        good = (low > 0) == (name in HIGH)
        told = f'<span class="{"better" if good else "worse"}">{told}</span>'
    return [told, f"{_number(low)} to {_number(high)}"]


def _drift(facts: Mapping[str, Any]) -> str:
    if not facts.get("drift"):
        return ""
    rows = [[escape(name), f"{value:.3f}"] for name, value in facts["drift"].items()]
    note = (
        "The population stability index of the training rows against those of the champion. Below 0.1 is little, above "
        "0.25 much; seasons alone may pass both."
    )
    return f'<h2>Drift</h2><p class="quiet">{note}</p>{_table(["feature", "index"], rows)}'


def _slices(facts: Mapping[str, Any]) -> str:
    if not facts["slices"]:
        return ""
    name = "mae" if facts["task"] == "regression" else "auc"
    rows = []
    for one in facts["slices"]:
        change = one["against"]["difference"].get(name) if one["against"] else None
        value = _number(one["metrics"].get(name))
        where = f"{escape(str(one['slice']))} = {escape(str(one['value']))}"
        rows.append([where, f"{one['metrics']['rows']:,}", value, *_difference(name, change)])
    return "<h2>Slices</h2>" + _table(["slice", "rows", name, "against the champion", "interval"], rows)


def _made(training: Mapping[str, Any]) -> str:
    asked = training["query"]
    rows = [[escape(name.replace("_", " ")), escape(str(asked[name]))] for name in asked]
    rows += [[name.replace("_", " "), escape(str(training[name]))] for name in ("data_fingerprint", "seed")]
    rows += [["warning", escape(text)] for text in training["warnings"]]
    return _table(["", ""], rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are HTML; all but the first stand right."""
    top = "".join(f"<th{_right(place)}>{escape(cell)}</th>" for place, cell in enumerate(head))
    body = "".join(
        f"<tr>{''.join(f'<td{_right(place)}>{cell}</td>' for place, cell in enumerate(row))}</tr>" for row in rows
    )
    return f"<table><tr>{top}</tr>{body}</table>"


def _right(place: int) -> str:
    return ' class="n"' if place else ""


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:.4f}"
