"""The command `headrace bench start`."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from deploy.bench import models, session
from deploy.bench.answers import AnswerTopic
from deploy.bench.measured import Measured
from deploy.bench.process import await_all
from deploy.bench.session import Session
from deploy.bench.site import Site
from headrace import bundle, topics
from headrace.image.baked import write

KINDS = ("linear", "forest")
FEATURES = 20
NEW, AGAIN, IMAGE = "load, new machine", "load, again", "image"
LEGEND = """linear, forest      logistic regression of 20 doubles; 100 trees of so many megabytes. One request waits
load, new machine   the bundle is fetched from the registry and tried in a child process, then loaded
load, again         the same machine: the bundle is in its cache, and was tried there
image               the bundle is in the image, and was tried when that was built; there is no registry
cpu_s               CPU seconds of the scorer until then, without those of the child that tries"""


@click.command()
@click.option("--kind", "kinds", multiple=True, default=KINDS, show_default=True, type=click.Choice(KINDS))
@click.option("--megabytes", default=200, show_default=True, type=session.SIZED, help="size of the forest")
@session.rounds()
@session.as_json
@session.data_dir
def start(kinds: Sequence[str], megabytes: int, rounds: int, as_json: bool, data_dir: Path | None) -> None:
    """Seconds from a scorer's start to its first answer, its bundle from the registry or in its image."""
    measured = Measured("start", "seconds from a process's start to its first answer", "seconds")
    with session.session(f"{rounds} rounds of {', '.join(kinds)}", data_dir, as_json) as run:
        for kind in kinds:
            run.told(f"{kind}: training")
            site = _site(run, kind, megabytes if kind == "forest" else 0)
            image = _image(site)
            for number in range(rounds):
                fresh = {"HEADRACE_CACHE_DIR": str(site.folder / f"cache-{number}")}
                for name, env in ((NEW, fresh), (AGAIN, fresh), (IMAGE, image)):
                    _measure(run, site, f"{kind}, {name}", env, measured)
            for name in (AGAIN, IMAGE):
                measured.compare(f"{kind}, {name}", f"{kind}, {NEW}")
    run.finish(measured, legend=LEGEND, megabytes=megabytes)


def _site(run: Session, kind: str, megabytes: int) -> Site:
    """One version, released."""
    site = Site.make(run.address, run.folder / kind, kind, models.numbers(FEATURES))
    if megabytes:
        site.put(models.forest(site.model, 1, site.features, megabytes))
    else:
        site.put(models.linear(site.model, 1, site.features))
    site.release("v1")
    return site


def _image(site: Site) -> Mapping[str, str]:
    """What a worker of an image with the version inside is told; its registry is nowhere."""
    folder, cache = site.folder / "image", site.folder / "cache-image"
    baked = write(site.registry, site.model, "v1", folder, site.folder / "cache-builder")
    bundle.tried_once(cache, baked.digest, lambda: None)
    nowhere = str(site.folder / "nowhere")
    return {"HEADRACE_IMAGE_BUNDLE": str(folder), "HEADRACE_CACHE_DIR": str(cache), "HEADRACE_REGISTRY": nowhere}


def _measure(run: Session, site: Site, name: str, env: Mapping[str, str], measured: Measured) -> None:
    answers = AnswerTopic(site.address, topics.predictions(site.model))
    site.producer.produce(topics.requests(site.model), models.requests(site.model, site.features, 1)[0][0])
    site.producer.flush()
    begun = time.monotonic()
    # Always the same name: a member of another would have to wait until the group has forgotten the one before.
    with site.worker("score", "bench-start", env=env) as child:
        await_all((child,), lambda: answers.written() > 0, "the first answer")
        figures = {"seconds": time.monotonic() - begun, "cpu_s": child.cpu_s}
    measured.add(name, **figures)
    run.told(f"  {name:27}" + "".join(f" {figure} {value:6.2f}" for figure, value in figures.items()))
