"""The composition root of the desk."""

from pathlib import Path

from deploy.desk.desk import Desk
from headrace.kafka.connect import kafka_address
from headrace.registry import Registry
from headrace.settings import Settings


def build_desk(settings: Settings) -> Desk:
    """A desk as the settings describe it."""
    return Desk(
        kafka=kafka_address(settings),
        registry=Registry.open(settings.registry_url),
        cache=settings.bundle_cache,
        key_file=settings.signing_key_file,
        trusted_folder=settings.trusted_keys_folder,
        actor=settings.acting,
        standard=Path(settings.release_standard),
    )
