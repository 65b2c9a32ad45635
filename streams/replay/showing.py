"""A replay's count for a terminal."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from streams.replay.comparing import Answer, Compared
from streams.replay.report import Report, change

MOST_ROWS = 20


def shown(report: Report) -> Iterator[RenderableType]:
    """The count, the first of those that differ, and the verdict."""
    yield _counts(report)
    if report.differing:
        yield _differing(report)
    for why, number in report.not_replayed.most_common():
        yield Text(f"{number:,} could not be replayed: {why}", style="red")
    yield _verdict(report)


def _counts(report: Report) -> Table:
    spans = ", ".join(f"p{span.partition} {span.first:,}–{span.behind:,}" for span in report.spans[:6])
    more = f", and {len(report.spans) - 6} more" if len(report.spans) > 6 else ""
    table = Table(title=f"replay of {report.model}, {spans}{more}", show_header=False, title_justify="left")
    table.add_column(style="dim")
    table.add_column(justify="right")
    for name, number in _lines(report):
        table.add_row(name, number)
    return table


def _lines(report: Report) -> Iterator[tuple[str, str]]:
    yield "replayed", f"{report.replayed:,}"
    if not report.what_if:
        yield "identical", f"{report.identical:,}"
        yield "different", f"{report.different:,}"
    yield "rejected alike", f"{report.rejected_alike:,}"
    yield "could not be replayed", f"{report.not_replayed.total():,}"
    yield "not answered yet", f"{report.waiting:,}"
    yield from ((words, f"{number:,}") for words, number in report.decisions.most_common())
    if report.what_if or report.different:
        yield "scores differ by, on average", f"{report.distance_mean:.3g}"
        yield "scores differ by, at most", f"{report.distance_most:.3g}"


def _differing(report: Report) -> Table:
    table = Table(title="the first that differ", title_justify="left")
    for name in ("request_id", "place", "then", "now", "decision"):
        table.add_column(name, overflow="fold")
    for one in report.differing[:MOST_ROWS]:
        table.add_row(*map(Text, _row(one)))
    return table


def _row(one: Compared) -> tuple[str, ...]:
    place = f"p{one.partition}/{one.offset}"
    decided = change(one) if one.decides_otherwise else ""
    return one.request_id or "unidentified", place, _answer(one.then), _answer(one.now), decided


def _answer(answer: Answer | None) -> str:
    if answer is None:
        return ""
    return answer.reason or f"{answer.score!r} by {answer.version} as {answer.variant}"


def _verdict(report: Report) -> Text:
    if not report.good:
        told = [f"{report.different:,} came out differently"] if report.different and not report.what_if else []
        told += [f"{report.not_replayed.total():,} could not be replayed"] if report.not_replayed else []
        return Text(", ".join(told), style="bold red")
    if report.what_if:
        return Text(f"{report.decisions.total():,} of {report.replayed:,} would be decided otherwise", style="bold")
    if not report.replayed:
        return Text("there was nothing to replay", style="bold")
    return Text("every answer came out the same, bit for bit", style="bold green")
