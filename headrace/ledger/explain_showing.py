"""Explanations for a terminal."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from headrace.ledger.explaining import Explanation, instant
from headrace.ledger.rescoring import Rescored
from headrace.release import Link, short


def shown(request_id: str, explanations: Sequence[Explanation]) -> Iterator[RenderableType]:
    """Each answer as a table of two columns, oldest first."""
    if len(explanations) > 1:
        yield Text(f"{request_id} was answered {len(explanations)} times: requests were sent with the same request_id")
    for explanation in explanations:
        table = Table(title=f"{request_id}, {explanation.answer.model}", show_header=False, title_justify="left")
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, text in _lines(explanation):
            table.add_row(name, Text(text))
        yield table


def _lines(explanation: Explanation) -> Iterator[tuple[str, str]]:
    answer = explanation.answer
    yield "request", f"{answer.source_topic}, partition {answer.source_partition}, offset {answer.source_offset}"
    if answer.reason is not None:
        yield "rejected", answer.reason
        yield "at", f"{instant(answer.scored_at)} by {answer.worker}"
        return
    yield "event time", instant(answer.event_time) or "unknown"
    yield "entity", answer.entity or "none"
    yield "input", "\n".join(f"{name} = {_value(value)}" for name, value in explanation.input.items())
    yield "score", f"{answer.score!r}"
    yield "decision", {True: "yes", False: "no", None: "none"}[answer.decision]
    if answer.pinned:
        yield "pinned", ", ".join(f"{name} = {value!r}" for name, value in answer.pinned.items()) + " by its worker"
    yield "scored", f"{instant(answer.scored_at)} by version {answer.version} as {answer.variant}"
    yield from _release(explanation.link, answer.release)
    if explanation.rescored is not None:
        yield "scored again", _verdict(explanation.rescored)


def _release(link: Link | None, identity: str) -> Iterator[tuple[str, str]]:
    if link is None:
        yield "release", f"{short(identity) or 'none'}, not in the chain"
        return
    release = link.release
    yield "release", f"number {release.sequence}, {link.short} ({release.action})"
    yield "approved", f"by {release.actor} at {release.issued_at}: {release.reason}"
    yield "evidence", "\n".join(f"{name} = {_value(value)}" for name, value in release.evidence.items()) or "none"


def _verdict(rescored: Rescored) -> str:
    if rescored.problem is not None:
        return f"not possible: {rescored.problem}"
    if rescored.equal:
        return f"{rescored.score!r}, equal bit for bit (bundle {short(rescored.digest)})"
    return f"{rescored.score!r}, DIFFERENT from the answer (bundle {short(rescored.digest)})"


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
