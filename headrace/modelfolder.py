"""A model folder: all that a user writes."""

import re
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from headrace.errors import ModelFolderError
from headrace.features import FeatureSet

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Training(BaseModel):
    """The [training] table of model.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    evaluation_days: int = Field(default=28, ge=1, le=3660)
    seed: int = Field(default=0, ge=0)
    slices: tuple[str, ...] = ()
    every_hours: float | None = Field(default=None, gt=0)
    new_labels: int | None = Field(default=None, ge=1)


class Labels(BaseModel):
    """The [labels] table of model.toml: when quality may be judged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    within_hours: float = Field(default=24.0, gt=0, le=24 * 3660)
    share: float = Field(default=0.9, gt=0, le=1)


class ModelToml(BaseModel):
    """The whole of model.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str = ""
    task: Literal["classification", "regression"] = "classification"
    label: str = ""
    entity: str = ""
    threshold: float | None = 0.5
    delivery: Literal["exactly-once", "at-least-once"] = "exactly-once"
    partitions: int = Field(default=6, ge=1, le=1000)
    training: Training = Training()
    labels: Labels = Labels()

    @field_validator("name")
    @classmethod
    def _usable(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} must be small letters, digits and _, at most 40")
        return name


class ModelFolder(BaseModel):
    """A model folder as it was read: where it is, model.toml and features.avsc."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    path: Path
    toml: ModelToml
    features: FeatureSet

    @classmethod
    def read(cls, path: Path) -> "ModelFolder":
        """Read a folder; raises ModelFolderError that lists every fault of model.toml at once."""
        if not path.is_dir():
            raise ModelFolderError(f"{path} is not a folder; `headrace init NAME` makes a model folder")
        toml, features = _read_toml(path / "model.toml"), FeatureSet.read(path / "features.avsc")
        if strangers := [name for name in toml.training.slices if name not in features.names]:
            raise ModelFolderError(f"{path / 'model.toml'}: training.slices names no features: {', '.join(strangers)}")
        return cls(path=path.resolve(), toml=toml, features=features)

    @property
    def name(self) -> str:
        """The model's name, which begins its topics' and tables' names."""
        return self.toml.name

    @property
    def task(self) -> str:
        """classification (one score, the probability of the positive class) or regression."""
        return self.toml.task

    @property
    def threshold(self) -> float | None:
        """The score from which the decision is yes; None for regression."""
        return None if self.task == "regression" else self.toml.threshold

    @property
    def delivery(self) -> str:
        """exactly-once (transactions) or at-least-once (lower latency)."""
        return self.toml.delivery

    @property
    def partitions(self) -> int:
        """How many partitions the model's topics have."""
        return self.toml.partitions

    @property
    def train_py(self) -> Path:
        """The file with the user's training code; never imported by serving."""
        return self.path / "train.py"


def _read_toml(path: Path) -> ModelToml:
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelFolderError(f"{path} is missing; `headrace init NAME` makes a folder that has one") from None
    except ValueError as error:
        raise ModelFolderError(f"{path} is not TOML: {error}") from None
    try:
        return ModelToml.model_validate(raw)
    except ValidationError as error:
        told = [f"{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()]
        faults = "; ".join(told)
        raise ModelFolderError(f"{path} cannot be used: {faults}") from None
