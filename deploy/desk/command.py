"""headrace release …"""

import json
import sys

import click

from deploy.desk.audit import broken_links
from deploy.desk.build import build_desk
from deploy.desk.show import as_json, as_line, as_log
from headrace.release import Link, TrustedKeys, create_private, key_id, read_private, trust
from headrace.settings import load

as_json_option = click.option("--json", "json_", is_flag=True, help="Print one JSON object.")
reason_option = click.option("--reason", required=True, help="Why; it stays in the release for ever.")


@click.group()
def release() -> None:
    """Approve, roll back, show, log, verify releases."""


@release.command()
@click.argument("model")
@click.argument("version")
@reason_option
@click.option("--threshold", type=float, help="Score from which the decision is yes (default: as it is now).")
@click.option("--slower", is_flag=True, help="Also when it takes over ten times as long a row as the present version.")
@as_json_option
def approve(model: str, version: str, reason: str, threshold: float | None, slower: bool, json_: bool) -> None:
    """Try VERSION of MODEL and, when it holds, sign and publish the release that lets it serve."""
    link = build_desk(load()).approve(model, version, reason=reason, threshold=threshold, slower=slower)
    _print(link, json_)


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
