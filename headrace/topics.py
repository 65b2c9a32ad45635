"""The topics, read from schemas/topics.toml."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

RELEASES = "model-releases"
TRAINING = "training"
OPERATIONS = "operations"
BATCH_TASKS = "batch-tasks"
SINK_GROUP = "headrace.sink"
TRAINER_GROUP = "headrace.trainer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic as it is to be created: retention in days, None keeps it for ever.

    one_for: how many of the model's partitions share one of this topic; where they do, any number will do.
    """

    name: str
    key: str
    value: str
    partitions: int
    days: int | None = None
    one_for: int = 1

    def suits(self, partitions: int) -> bool:
        """Whether a topic that is there has a right number of partitions."""
        return self.one_for > 1 or partitions == self.partitions


def schemas_folder() -> Path:
    """The folder of schemas: in the checkout beside this package, in an installed wheel inside it."""
    here = Path(__file__).resolve().parent
    beside = here.parent / "schemas"
    return beside if beside.is_dir() else here / "schemas"


@cache
def table() -> tuple[Topic, ...]:
    """All rows of schemas/topics.toml; names of a model's topics still hold {model}."""
    rows = tomllib.loads((schemas_folder() / "topics.toml").read_text(encoding="utf-8"))["topic"]
    return tuple(Topic(**row) for row in rows)


def shared_topics() -> tuple[Topic, ...]:
    """The topics that all models share."""
    return tuple(topic for topic in table() if "{model}" not in topic.name)


def model_topics(model: str, partitions: int) -> tuple[Topic, ...]:
    """The topics of one model."""
    return tuple(_of_model(topic, model, partitions) for topic in table() if "{model}" in topic.name)


def all_topics(models: Iterable[tuple[str, int]]) -> tuple[Topic, ...]:
    """The shared topics and those of each (model, partitions)."""
    return shared_topics() + tuple(topic for model, partitions in models for topic in model_topics(model, partitions))


def requests(model: str) -> str:
    """The topic that carries a model's requests."""
    return f"{model}.requests"


def predictions(model: str) -> str:
    """The topic that carries a model's answers."""
    return f"{model}.predictions"


def logs(model: str) -> str:
    """The topic that carries a model's log blocks."""
    return f"{model}.logs"


def labels(model: str) -> str:
    """The topic that carries a model's labels."""
    return f"{model}.labels"


def dead_letters(model: str) -> str:
    """The topic that carries what a model could not answer with a score."""
    return f"{model}.dead-letters"


def scorers_group(model: str) -> str:
    """The consumer group of a model's scorers."""
    return f"headrace.{model}.score"


def _of_model(topic: Topic, model: str, partitions: int) -> Topic:
    return Topic(
        name=topic.name.format(model=model),
        key=topic.key,
        value=topic.value,
        partitions=topic.partitions or -(-partitions // topic.one_for),
        days=topic.days,
        one_for=topic.one_for,
    )
