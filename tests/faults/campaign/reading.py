"""Waiting for workers before anything strikes: on a busy machine the trial of a bundle alone takes a minute."""

from tests.faults.campaign.stage import Stage
from tests.faults.worker import Worker

PATIENCE_S = 300.0


def reading(stage: Stage, *workers: Worker) -> tuple[Worker, ...]:
    """These workers, once all of them read; a scorer does once it serves a release."""
    for worker in workers:
        stage.await_said(worker, "partitions-assigned", seconds=PATIENCE_S)
    return workers
