"""The command `headrace image`."""

import json
from pathlib import Path

import click

from headrace.image.baked import write
from headrace.registry import Registry
from headrace.settings import load


@click.command()
@click.argument("model")
@click.argument("version")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def image(model: str, version: str, folder: Path, as_json: bool) -> None:
    """Write VERSION of MODEL into FOLDER, from which an image with this one bundle is built; see `make image`."""
    settings = load()
    baked = write(Registry.open(settings.registry_url), model, version, folder, settings.bundle_cache)
    told = {"model": model, "version": version, "digest": baked.digest, "folder": str(folder)}
    click.echo(json.dumps(told) if as_json else f"{folder} holds {baked.name}, {baked.digest}")
