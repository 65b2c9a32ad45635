"""The command `headrace bench latency`."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click
import numpy as np

from deploy.bench import models, session
from deploy.bench.latency.pair import Asked, pair
from deploy.bench.load.run import Answered
from deploy.bench.load.task import Task
from deploy.bench.measured import CPU, Measured
from deploy.bench.site import Site

GUARANTEES = ("exactly-once", "at-least-once")
LEGEND = """headrace  the scorer whole: a model of 20 doubles, answers and log blocks
echo      reads a request, writes as many bytes as an answer has; the same broker, the same guarantee
Requests are sent when they are due, answered or not, and latency counts from when they were due; late_ms is by how much
the generator itself missed that (p99). The p99 of both holds the pauses in which the local broker, whose heap is small,
collects its garbage."""


@click.command()
@click.option(
    "--rate",
    "rates",
    multiple=True,
    default=(100, 1_000, 10_000),
    show_default=True,
    type=session.SIZED,
    help="requests a second; repeat it for several",
)
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(min=0.5), help="for each point")
@click.option(
    "--delivery",
    "deliveries",
    multiple=True,
    default=GUARANTEES,
    show_default=True,
    type=click.Choice(GUARANTEES),
    help="the guarantee; repeat it for several",
)
@session.rounds()
@session.as_json
@session.data_dir
def latency(
    rates: Sequence[int],
    seconds: float,
    deliveries: Sequence[str],
    rounds: int,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """Time to an answer (p50, p99, p99.9) beside an echo through the same broker under the same guarantee."""
    measured = Measured("latency", "milliseconds from when a request was due to its answer", "p99_ms")
    with session.session(f"{len(rates) * len(deliveries)} points of {seconds:g} s", data_dir, as_json) as run:
        site = Site.make(run.address, run.folder, "doubles", models.numbers(20))
        site.put(models.linear("doubles", 1, site.features))
        site.release("v1")
        for delivery in deliveries:
            with pair(site, delivery) as both:
                for number in range(1, rounds + 1):
                    run.told(f"{delivery}, round {number} of {rounds}")
                    _round(both, delivery, rates, seconds, measured, run.told)
    for delivery in deliveries:
        for rate in rates:
            measured.compare(_name("headrace", delivery, rate), _name("echo", delivery, rate))
    run.finish(measured, legend=LEGEND, seconds=seconds, rates=list(rates))


def _round(
    both: Sequence[Asked],
    delivery: str,
    rates: Sequence[int],
    seconds: float,
    measured: Measured,
    told: Callable[[str], None],
) -> None:
    for rate in rates:
        for asked in both:
            found, cpu_s = asked.at(rate, seconds)
            figures = _figures(found, asked.task, rate) | {CPU: cpu_s / len(found.at) * 1e6}
            measured.add(_name(asked.name, delivery, rate), **figures)
            told(f"  {rate:6,}/s {asked.name:9}" + "".join(f" {name} {value:8.2f}" for name, value in figures.items()))


def _figures(found: Answered, task: Task, rate: int) -> dict[str, float]:
    latency = found.latency_ms[round(rate * task.warm_s) :]
    p50, p99, p999 = np.quantile(latency, (0.5, 0.99, 0.999)).tolist()
    return {"p99_ms": p99, "p50_ms": p50, "p99_9_ms": p999, "late_ms": found.late_ms}


def _name(who: str, delivery: str, rate: int) -> str:
    return f"{who} {delivery} {rate}"
