"""The command `headrace doctor`."""

import json
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from deploy.local.checks import clickhouse, kafka, machine, releases, transactions, trust, workers
from deploy.local.checks.finding import Finding, failed
from headrace.errors import HeadraceError
from headrace.kafka.connect import kafka_address
from headrace.settings import LOCAL_FILE, Settings, load

MARKS = {"ok": "ok     ", "failed": "FAILED ", "skipped": "skipped"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
@click.option("--metrics", "as_metrics", is_flag=True, help="print Prometheus metrics, for its textfile collector")
@click.option("--data-dir", type=click.Path(path_type=Path), help="folder of the local stack (default: .headrace)")
def doctor(as_json: bool, as_metrics: bool, data_dir: Path | None) -> None:
    """Check each part, and say what to do about what fails. Exit code 1 when something failed."""
    findings = []
    for finding in examined(data_dir):
        findings.append(finding)
        if not as_json and not as_metrics:
            click.echo("\n".join(told(finding)))
    sound = all(finding.state != "failed" for finding in findings)
    if as_json:
        click.echo(json.dumps({"ok": sound, "checks": [asdict(finding) for finding in findings]}))
    if as_metrics:
        click.echo(metrics(findings), nl=False)
    sys.exit(0 if sound else 1)


def examined(data_dir: Path | None = None) -> Iterator[Finding]:
    """All findings, each as soon as it is made."""
    yield machine.python()
    try:
        settings = load(data_dir=data_dir)
    except HeadraceError as error:
        yield failed("settings", str(error), "mend headrace.toml or the HEADRACE_ variables; more was not checked")
        return
    local = uses_local_kafka(settings)
    yield from _sound("java", lambda: [machine.java(local)])
    yield from _sound("jars", lambda: [machine.jars(local)])
    yield from _services(settings)
    for name, check in (
        ("signing key", trust.signing_key),
        ("trusted keys", trust.trusted_keys),
        ("desk is trusted", trust.desk_is_trusted),
    ):
        yield from _sound(name, lambda check=check: [check(settings)])  # type: ignore[misc]
    yield from _sound("disk", lambda: [machine.disk(settings.data_dir)])


def _services(settings: Settings) -> Iterator[Finding]:
    found, topics = kafka.kafka(settings)
    there = topics or {}
    yield found
    yield kafka.shared(topics)
    yield from kafka.of_models(topics)
    found, client = clickhouse.clickhouse(settings)
    yield found
    yield from _sound("shared tables", lambda: [clickhouse.shared_tables(client)])
    yield from _sound("models' tables", lambda: clickhouse.model_tables(client, kafka.models(there)))
    yield from _sound("clock", lambda: [clickhouse.clock(client)])
    if client:
        client.close()
    known = kafka.models(there)
    yield from _sound("registry", lambda: [trust.registry(settings, known)])
    if topics is not None:
        yield from _sound("releases", lambda: releases.releases(kafka_address(settings), settings, known))
        yield from _sound("workers", lambda: workers.workers(kafka_address(settings), known))
        yield from _sound("transactions", lambda: [transactions.transactions(kafka_address(settings), there, known)])


def _sound(name: str, check: Callable[[], Sequence[Finding]]) -> Sequence[Finding]:
    """Make a check; whatever it stumbles over is a finding too, because the others are still to be made."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - the outermost loop of a command that must not fail itself
        return [failed(name, f"could not be checked: {type(error).__name__}: {error}", "mend what it names")]


def metrics(findings: Sequence[Finding]) -> str:
    """The findings for Prometheus; what was skipped is left out, for nobody knows."""
    registry = CollectorRegistry()
    gauge = Gauge("headrace_check_failed", "1 when a check of headrace doctor failed", ["check"], registry=registry)
    for finding in findings:
        if finding.state != "skipped":
            gauge.labels(finding.name).set(finding.state == "failed")
    return generate_latest(registry).decode()


def uses_local_kafka(settings: Settings) -> bool:
    """Whether Kafka is, or would be, the one that `headrace up` starts."""
    try:
        local = tomllib.loads((settings.data_dir / LOCAL_FILE).read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError):
        local = {}
    return settings.kafka.bootstrap in ("", local.get("kafka", {}).get("bootstrap"))


def told(finding: Finding) -> list[str]:
    """One finding for a person."""
    line = f"{MARKS[finding.state]}  {finding.name}: {finding.said}"
    return [line, f"         {finding.advice}"] if finding.advice else [line]
