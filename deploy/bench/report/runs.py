"""Which benches are run for the report, and where each leaves what it found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One run of one bench and what to say before its table; for_peers: without them it is left out."""

    name: str
    title: str
    text: str
    command: tuple[str, ...]
    for_peers: bool = False

    @property
    def file(self) -> str:
        """Where what it found is kept."""
        return f"{self.name}.json"


MATCH = """Each contender answers the same requests from the same broker. The clock runs from the answer that ends the
warm-up to the last one, by the broker's own dates, so that no contender's clock counts. The limit writes as many bytes
as Headrace in transactions and does nothing else; the second limit also calls the model, once a batch, on rows that
were decoded beforehand. What is between the second limit and Headrace is what reading, checking, encoding and logging
cost."""

PEERS_PYTHON = ".venv-peers/bin/python"

CHAPTERS = (
    Chapter(
        name="throughput",
        title="Throughput: 20 doubles, logistic regression, Avro",
        text=MATCH,
        command=("throughput",),
    ),
    Chapter(
        name="throughput-peers",
        title="Throughput beside other libraries",
        text="""The same, with other libraries in the same table, each written as its documentation shows and, where the
documentation has a way to work in batches, that way too. They answer the same requests with the same estimator, but
write no log and run in no transactions. Whoever takes one record at a time answers a share of the requests.""",
        command=("throughput", "--peers", PEERS_PYTHON),
        for_peers=True,
    ),
    Chapter(
        name="throughput-json",
        title="Throughput: 20 doubles, logistic regression, JSON",
        text="Requests and answers in JSON; everybody else reads and writes it with msgspec.",
        command=("throughput", "--format", "json"),
    ),
    Chapter(
        name="throughput-flights",
        title="Throughput: the flights' mixed record, logistic regression, Avro",
        text="18 features: strings, an enum, whole numbers, and numbers that may be missing.",
        command=("throughput", "--workload", "flights"),
    ),
    Chapter(
        name="throughput-boosting",
        title="Throughput: 20 doubles, gradient boosting, Avro",
        text="Here the model is most of the work: the limit to look at is the one that calls the model.",
        command=("throughput", "--estimator", "boosting"),
    ),
    Chapter(
        name="throughput-flights-boosting-json",
        title="Throughput: the flights' mixed record, gradient boosting, JSON",
        text="What is dearest of everything above.",
        command=("throughput", "--workload", "flights", "--estimator", "boosting", "--format", "json"),
    ),
    Chapter(
        name="latency",
        title="Latency",
        text="""Open loop: a request is sent when it is due, answered or not, and its latency counts from then on. The
echo answers without reading, through the same broker and under the same guarantee: it is what Kafka costs.""",
        command=("latency",),
    ),
    Chapter(
        name="swap",
        title="Swapping a model under load",
        text="""Two workers at a steady rate; a release is approved; the time to an answer before, during and after, and
how many seconds passed until every partition was answered by the new version.""",
        command=("swap",),
    ),
    Chapter(
        name="start",
        title="Starting a scorer",
        text="""From the start of the process to its first answer, by the way its bundle is delivered: fetched from the
registry at a release, or inside the image.""",
        command=("start",),
    ),
    Chapter(
        name="sink",
        title="Into ClickHouse",
        text="""The sink beside inserting the very same columns directly, from memory, with the same driver, settings,
engine and rows an insert; and how soon after an answer its row can be read.""",
        command=("sink",),
    ),
    Chapter(
        name="batch",
        title="Batch scoring",
        text="""Batch workers beside the model alone and, where their environment is there, other libraries, on the same
Parquet file with the same estimators. The others' clock begins when their processes have started and loaded the model,
and they plan, count and resume nothing. Then inputs that grow, scored by one worker; and the times to an answer of a
scorer at a steady rate, with and without a batch worker at work on the same machine.""",
        command=("batch", "--peers", PEERS_PYTHON),
    ),
    Chapter(
        name="codec",
        title="What the formats cost",
        text="""No Kafka: CPU time of reading requests into the matrix that a model sees, of writing answers, and of log
blocks; on columns as Headrace does it, and record by record. Columns have a fixed cost, so that they lose where a
batch is a single record and win from some tens of records on. A column `rows_N` is a batch of N.""",
        command=("codec",),
    ),
    Chapter(
        name="scale",
        title="How the cost grows",
        text="CPU seconds for a million records as workers, features and batches grow, one at a time.",
        command=("scale",),
    ),
    Chapter(
        name="memory",
        title="Memory",
        text="Of one scorer and one sink, after work at full speed, and whether it grows at a steady rate.",
        command=("memory",),
    ),
)
