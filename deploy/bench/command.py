"""The command `headrace bench`."""

import click

from deploy.bench.batch.command import batch
from deploy.bench.codec.command import codec
from deploy.bench.latency.command import latency
from deploy.bench.memory.command import memory
from deploy.bench.report.command import report, run_all
from deploy.bench.scale.command import scale
from deploy.bench.sink.command import bench_sink
from deploy.bench.start.command import start
from deploy.bench.swap.command import swap_command
from deploy.bench.throughput import throughput


@click.group()
def bench() -> None:
    """Measure on this machine, on a broker of the bench's own."""


for command in (
    throughput,
    latency,
    swap_command,
    start,
    bench_sink,
    codec,
    scale,
    memory,
    batch,
    run_all,
    report,
):
    bench.add_command(command)
