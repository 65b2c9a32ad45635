"""headrace release …"""

import json
import sys

import click
from rich.console import Console

from deploy.desk.audit import broken_links
from deploy.desk.build import build_desk
from deploy.desk.parameters import parsed
from deploy.desk.show import as_candidates, as_json, as_line, as_log, as_points, candidate_row
from headrace.candidate import read_board
from headrace.candidate.message import encode
from headrace.kafka.connect import kafka_address
from headrace.release import Link, TrustedKeys, create_private, key_id, read_private, trust
from headrace.settings import load

as_json_option = click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
reason_option = click.option("--reason", required=True, help="Why; it stays in the release for ever.")


@click.group()
def release() -> None:
    """Propose, check, approve, reject, set, roll back, show, log, verify."""


@release.command()
@click.argument("model")
@click.argument("version")
@reason_option
@click.option("--threshold", type=float, help="Score from which the decision is yes (default: as it is now).")
@click.option("--override", default="", metavar="REASON", help="Release it though it does not meet the standard.")
@click.option("--slower", is_flag=True, help="Also when it takes over ten times as long a row as the present version.")
@as_json_option
def approve(
    model: str, version: str, reason: str, threshold: float | None, override: str, slower: bool, json_: bool
) -> None:
    """Try VERSION of MODEL and, when it holds and meets the standard, sign and publish its release."""
    desk = build_desk(load())
    link = desk.approve(model, version, reason=reason, threshold=threshold, override=override, slower=slower)
    _print(link, json_)


@release.command()
@click.argument("model")
@click.argument("version")
@as_json_option
def check(model: str, version: str, json_: bool) -> None:
    """Try VERSION of MODEL and hold it against the release standard; exit with 1 when it does not meet it."""
    checked = build_desk(load()).check(model, version)
    if json_:
        click.echo(json.dumps(checked.to_dict()))
    else:
        Console().print(as_points(checked))
    sys.exit(1 if checked.unmet else 0)


@release.command()
@click.argument("model")
@click.argument("version")
@as_json_option
def propose(model: str, version: str, json_: bool) -> None:
    """Put VERSION of MODEL, which is in the registry, up for approval; `headrace train` does so by itself."""
    proposal = build_desk(load()).propose(model, version)
    click.echo(encode(proposal).decode() if json_ else f"{model} {version} is proposed by {proposal.actor}")


@release.command()
@click.argument("model")
@as_json_option
def candidates(model: str, json_: bool) -> None:
    """List what was proposed for MODEL, and what became of it."""
    settings = load()
    board = read_board(kafka_address(settings), model)
    links = build_desk(settings).page(model).chain.history
    rows = [candidate_row(one, links) for one in board.candidates.values()]
    if json_:
        click.echo(json.dumps(rows))
    else:
        Console().print(as_candidates(model, rows) if rows else f"nothing was proposed for {model}")


@release.command()
@click.argument("model")
@click.argument("version")
@reason_option
def reject(model: str, version: str, reason: str) -> None:
    """Decide against the candidate VERSION of MODEL."""
    build_desk(load()).reject(model, version, reason=reason)
    click.echo(f"{model} {version} is rejected")


@release.command(name="set")
@click.argument("model")
@click.argument("values", nargs=-1, required=True, metavar="NAME=VALUE …")
@reason_option
@as_json_option
def set_(model: str, values: tuple[str, ...], reason: str, json_: bool) -> None:
    """Change what decides MODEL's answers, such as threshold=0.4, without another bundle; NAME= takes one away."""
    _print(build_desk(load()).adjust(model, parsed(values), reason=reason), json_)


@release.command()
@click.argument("model")
@click.option("--to", help="A version, or a release's id (default: the state before the present one).")
@reason_option
@as_json_option
def rollback(model: str, to: str | None, reason: str, json_: bool) -> None:
    """Publish an earlier state of MODEL anew."""
    _print(build_desk(load()).rollback(model, to=to, reason=reason), json_)


@release.command()
@click.argument("model")
@as_json_option
def show(model: str, json_: bool) -> None:
    """Print what serves MODEL now."""
    head = build_desk(load()).page(model).chain.head
    if head is None:
        click.echo("{}" if json_ else f"{model} was never released")
    elif json_:
        click.echo(json.dumps(as_json(head)))
    else:
        click.echo(as_log(head) + "\n" + json.dumps(head.release.evidence, indent=2))


@release.command()
@click.argument("model")
@as_json_option
def log(model: str, json_: bool) -> None:
    """Print all releases of MODEL, latest first."""
    links = build_desk(load()).page(model).chain.history[::-1]
    click.echo(json.dumps([as_json(link) for link in links]) if json_ else "\n".join(map(as_log, links)))


@release.command()
@click.argument("model")
@as_json_option
def verify(model: str, json_: bool) -> None:
    """Walk MODEL's chain from its start; exit with 1 when an accepted link is broken."""
    settings = load()
    page = build_desk(settings).page(model)
    faults = broken_links(page, TrustedKeys.read(settings.trusted_keys_folder))
    refused = [entry for entry in page.entries if not entry.verdict.accepted]
    if json_:
        rows = [{"offset": e.offset, "reason": e.verdict.reason, "detail": e.verdict.detail} for e in refused]
        click.echo(json.dumps({"accepted": len(page.chain.history), "refused": rows, "broken": faults}))
    else:
        for entry in refused:
            click.echo(f"refused at offset {entry.offset}: {entry.verdict.reason}: {entry.verdict.detail}")
        for fault in faults:
            click.echo(f"broken: {fault}")
        click.echo(f"{model}: {len(page.chain.history)} releases hold, {len(refused)} documents refused")
    sys.exit(1 if faults else 0)


@release.command()
def key() -> None:
    """Make this desk's signing key, or use the one that is there, and trust it here."""
    settings = load()
    path = settings.signing_key_file
    private = read_private(path) if path.exists() else create_private(path)
    public = trust(settings.trusted_keys_folder, private.public_key())
    click.echo(f"signing key {key_id(private.public_key())}: {path}\ntrusted through: {public}")
    click.echo("every worker and desk that is to follow this desk needs the second file in its trusted_keys folder")


def _print(link: Link, json_: bool) -> None:
    click.echo(json.dumps(as_json(link)) if json_ else as_line(link))
