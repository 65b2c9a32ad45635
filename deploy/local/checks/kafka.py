"""Kafka: whether it answers and takes our credentials, and whether the topics are there."""

from collections.abc import Mapping, Sequence

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local.checks.finding import Finding, failed, ok, skipped
from headrace.errors import SettingsError
from headrace.kafka.clients import ErrorEar
from headrace.kafka.connect import kafka_address
from headrace.settings import Settings
from headrace.topics import Topic, model_topics, shared_topics

NAME = "kafka"
PATIENCE_S = 6.0
LISTEN_S = 0.5
REQUESTS = ".requests"


def kafka(settings: Settings) -> tuple[Finding, Mapping[str, int] | None]:
    """Whether Kafka answers; its topics with their numbers of partitions when it does."""
    try:
        address = kafka_address(settings)
    except SettingsError as error:
        return failed(NAME, "no address is known", str(error)), None
    ear = ErrorEar()
    try:
        admin = AdminClient(address.client(ear))
    except KafkaException as error:
        told = f"the settings in [kafka.properties] are refused: {error.args[0].str()}"
        return failed(NAME, told, "mend the property that it names"), None
    try:
        topics = admin.list_topics(timeout=PATIENCE_S).topics
    except KafkaException as error:
        admin.poll(LISTEN_S)  # what the client heard meanwhile is told only now
        return _unreachable(address.bootstrap, ear, error.args[0].str()), None
    return ok(NAME, f"answers at {address.bootstrap}"), {name: len(topic.partitions) for name, topic in topics.items()}


def _unreachable(bootstrap: str, ear: ErrorEar, error: str) -> Finding:
    heard = ear.last or error
    if ear.authentication:
        advice = "check user, password and mechanism (sasl.…) and the certificates (ssl.…) in [kafka.properties]"
        return failed(NAME, f"{bootstrap} refuses the credentials or the encryption: {heard}", advice)
    advice = "start it (`headrace up` for the local one), or mend kafka.bootstrap in the settings"
    return failed(NAME, f"{bootstrap} does not answer: {heard}", advice)


def shared(topics: Mapping[str, int] | None) -> Finding:
    """Whether the topics that all models share are there."""
    if topics is None:
        return skipped("shared topics", "Kafka does not answer")
    return _compared("shared topics", shared_topics(), topics, "`headrace apply FOLDER` creates what is missing")


def of_models(topics: Mapping[str, int] | None) -> list[Finding]:
    """For each model that has requests, whether the rest of its topics is there."""
    if topics is None:
        return [skipped("models' topics", "Kafka does not answer")]
    found = models(topics)
    if not found:
        return [skipped("models' topics", "no model was applied yet")]
    return [_of_model(model, topics) for model in found]


def models(topics: Mapping[str, int]) -> list[str]:
    """The models that Kafka knows of."""
    return sorted(name.removesuffix(REQUESTS) for name in topics if name.endswith(REQUESTS))


def _of_model(model: str, topics: Mapping[str, int]) -> Finding:
    wanted = model_topics(model, topics[model + REQUESTS])
    return _compared(f"topics of {model}", wanted, topics, f"`headrace apply` with the folder of {model} creates them")


def _compared(name: str, wanted: Sequence[Topic], topics: Mapping[str, int], advice: str) -> Finding:
    missing = [topic.name for topic in wanted if topic.name not in topics]
    if missing:
        return failed(name, f"missing: {', '.join(missing)}", advice)
    other = [topic for topic in wanted if not topic.suits(topics[topic.name])]
    if other:
        told = "; ".join(f"{topic.name} has {topics[topic.name]} partitions, not {topic.partitions}" for topic in other)
        return failed(name, told, "keys and offsets depend on it: use topics that `headrace apply` made")
    return ok(name, f"{len(wanted)} there")
