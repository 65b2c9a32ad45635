"""The model card: a bundle described for a person."""

from collections.abc import Mapping
from typing import Any


def card(*, name: str, title: str, label: str, training: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    """Markdown: what the model tells, what it was trained on, how good it was on what followed."""
    asked = training["query"]
    since = f"from {asked['since']} " if asked["since"] else ""
    lines = [
        f"# {title or name}",
        "",
        f"It predicts: {label}." if label else f"The model {name}.",
        "",
        f"Trained on {training['rows']:,} labelled rows {since}until {asked['until']}, their labels known by then; "
        f"evaluated on {training['evaluation_rows']:,} labelled rows from there until {asked['evaluate_until']}.",
        "",
        "| metric | evaluation |",
        "|---|---|",
        *(f"| {metric} | {_spelt(value)} |" for metric, value in metrics.items() if metric != "intervals"),
        "",
    ]
    return "\n".join(lines)


def _spelt(value: Any) -> str:
    if value is None:
        return "not known"
    return f"{value:.4f}" if isinstance(value, float) else f"{value:,}"
