"""The demo's last count: from the topics and from ClickHouse, after everything has come to rest."""

from datetime import datetime, timedelta
from typing import Any

from deploy.demo.tally import Tally
from headrace.clickhouse.client import ClickHouse
from headrace.ledger.report import LedgerReport
from headrace.quality.judging import State
from headrace.quality.reading import quality_of
from headrace.release import Link

MODEL = "flights"


def summary(
    *, tally: Tally, report: LedgerReport, clickhouse: ClickHouse, seconds: float, swap: dict[str, float]
) -> dict[str, Any]:
    """What was sent, what came back, what is in ClickHouse; unaccounted and duplicates must be 0."""
    p50, p99 = tally.percentiles()
    rows, distinct = clickhouse.rows(
        f"SELECT count(), uniqExact(source_partition, source_offset) FROM {MODEL}_predictions FINAL"
    )[0]
    versions = dict(
        clickhouse.rows(f"SELECT version, count() FROM {MODEL}_predictions FINAL GROUP BY version ORDER BY version")
    )
    missing = max(tally.unaccounted(), report.unaccounted, abs(tally.ok - rows))
    return {
        "requests": len(tally.acknowledged),
        "answered_ok": tally.ok,
        "rejected": report.total.rejected,
        "dead_letters": sum(tally.dead_letters.values()),
        "rows_in_clickhouse": rows,
        "unaccounted": missing,
        "duplicates": tally.duplicates() + report.total.duplicates + report.total.duplicates_raw + rows - distinct,
        "versions": versions,
        "swap": swap,
        "rate": round(len(tally.answers) / seconds, 1) if seconds else 0.0,
        "p50_ms": round(p50, 2),
        "p99_ms": round(p99, 2),
        "breaks": [str(fault) for fault in report.faults],
    }


def swap_seconds(clickhouse: ClickHouse, link: Link) -> dict[str, float]:
    """For each worker: seconds from the approval to its first answer by the approved version."""
    version = link.release.champion.version
    approved = datetime.fromisoformat(link.release.issued_at)
    first = clickhouse.rows(
        "SELECT worker, min(scored_at) FROM blocks FINAL WHERE model = %(model)s AND release = %(release)s "
        "AND mapContains(versions, %(version)s) GROUP BY worker ORDER BY worker",
        {"model": MODEL, "release": link.id, "version": version},
    )
    return {worker: round((at - approved).total_seconds(), 3) for worker, at in first}


def quality(clickhouse: ClickHouse) -> dict[str, dict[str, Any]]:
    """Of each version: its labels, the share that has arrived, and how good it was on the days that may be judged."""
    cohorts = quality_of(clickhouse, MODEL, window=timedelta(days=1)).cohorts
    found = {}
    for version in sorted({one.version for one in cohorts}):
        ours = [one for one in cohorts if one.version == version]
        days, mature = [one for one in ours if one.start], [one for one in ours if one.start is None]
        labels, predicted = sum(one.labels for one in days), sum(one.predicted for one in days)
        told: dict[str, Any] = {"labels": labels, "share": round(labels / predicted, 4)}
        told |= {"days": len(days), "mature_days": sum(one.state is State.MATURE for one in days)}
        for name in ("auc", "log_loss", "brier"):
            measure = mature[0].measures[name] if mature else None
            told[name] = measure.value if measure else None
        found[version] = told
    return found
