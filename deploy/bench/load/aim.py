"""A load for a model."""

from collections.abc import Sequence

from deploy.bench.load.run import write_values
from deploy.bench.load.task import Task
from deploy.bench.site import PARTITIONS, Site
from headrace import topics


def aimed(
    site: Site,
    values: Sequence[bytes],
    *,
    rate: int,
    seconds: float,
    warm_s: float = 0.0,
    keep: bool = False,
    early: bool = False,
) -> Task:
    """Requests to the model of a site, and the answers that its scorers give."""
    return Task(
        bootstrap=site.address.bootstrap,
        requests=topics.requests(site.model),
        answers=topics.predictions(site.model),
        partitions=PARTITIONS,
        values=str(write_values(site.folder / "values.arrow", values)),
        rate=rate,
        warm_s=warm_s,
        seconds=seconds,
        out=str(site.folder / "answered.arrow"),
        keep=keep,
        early=early,
    )
