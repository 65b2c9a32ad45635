"""What is read and written: 5,000 requests of a kind, in both formats."""

import json
import math
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from deploy.bench import models
from deploy.bench.rivals.task import Task
from deploy.bench.workload import YEAR, to_json
from deploy.demo import flights
from headrace import topics
from headrace.features import FeatureSet
from headrace.predict import Encoder
from headrace.wire.request import RequestReader, request_schema

ROWS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Requests of one kind; the encoder has seen them."""

    name: str
    features: FeatureSet
    avro: list[bytes]
    json: list[bytes]
    encoder: Encoder

    @property
    def reader(self) -> RequestReader:
        """Reads them."""
        return RequestReader(self.name, self.features, NoSchemas())

    def values(self, form: str) -> list[bytes]:
        """The requests in one format."""
        return self.json if form == "json" else self.avro

    def task(self, folder: Path, form: str) -> Task:
        """What a rival needs to know to read and write the same."""
        schema = folder / f"{self.name}.avsc"
        schema.write_text(json.dumps(request_schema(self.name, self.features)), encoding="utf-8")
        return Task(
            bootstrap="",
            group="",
            model=self.name,
            version="v1",
            requests="",
            answers="",
            logs="",
            log_partitions=1,
            format=form,
            batch_rows=ROWS,
            bundle="",
            request_schema=str(schema),
            answer_schema=str(topics.schemas_folder() / "avro" / "answer.avsc"),
            answer_bytes=0,
            log_bytes_a_row=0.0,
        )


class NoSchemas:
    """Knows none: the requests are written in the model's own."""

    def by_fingerprint(self, mark: bytes) -> None:
        """None is stored."""

    def by_id(self, number: int) -> None:
        """None is known."""


def doubles(count: int) -> Sample:
    """So many doubles, none of them optional."""
    name, features = f"doubles_{count}", models.numbers(count)
    return _sample(name, features, models.requests(name, features, ROWS)[0])


def departures() -> Sample:
    """The flights' mixed record: strings, an enum, numbers that may be missing."""
    folder = flights.folder()
    replay = flights.replay(YEAR[0], YEAR[0] + timedelta(days=14))
    values = [request.value for request in replay.until(math.inf)][:ROWS]
    return _sample(folder.name, folder.features, values)


def _sample(name: str, features: FeatureSet, avro: list[bytes]) -> Sample:
    read = RequestReader(name, features, NoSchemas()).read(avro)
    encoder = Encoder.fit(features, read.features)
    texts = to_json(request_schema(name, features), avro)
    return Sample(name=name, features=features, avro=avro, json=texts, encoder=encoder)
