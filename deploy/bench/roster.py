"""Who is compared, and what each does."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A contender. One that answers request by request gets a share (1 in …), and so many at least."""

    name: str
    meaning: str
    share: int = 1
    least: int = 600
    package: str = ""

    @property
    def module(self) -> str:
        """The program that it is, unless it is Headrace."""
        return f"deploy.bench.{'peers' if self.package else 'rivals'}.{self.name}"


HEADRACE = "headrace"
OURS = (
    Entry(name="limit", meaning="as many bytes in transactions, nothing decoded or scored"),
    Entry(name="limit_and_model", meaning="the same, and one predict a batch on rows decoded beforehand"),
    Entry(name=HEADRACE, meaning="the scorer whole: answers, log blocks and offsets in transactions"),
    Entry(name="careful", meaning="written by hand: the same in transactions and batches, records one by one"),
    Entry(name="stock_faust", meaning="a Faust agent on its own Kafka client, at least once, no log", share=50),
)
PEERS = (
    Entry(
        name="quixstreams",
        meaning="Quix Streams, sdf.apply, a record at a time; at least once, no log",
        share=10,
        package="quixstreams",
    ),
    Entry(
        name="quixstreams_batch",
        meaning="Quix Streams' consumer and producer, batches; at least once, no log",
        package="quixstreams",
    ),
    Entry(
        name="bytewax",
        meaning="Bytewax, op.map, a record at a time; commits nothing, no log",
        share=10,
        # It hands on what it read at once, 1,000 records of each partition: of fewer there would be one piece.
        least=30_000,
        package="bytewax",
    ),
    Entry(name="bytewax_batch", meaning="Bytewax, op.flat_map_batch; commits nothing, no log", package="bytewax"),
    Entry(
        name="faststream",
        meaning="FastStream, a handler a record; at most once, no log",
        share=10,
        package="faststream",
    ),
    Entry(
        name="faststream_batch",
        meaning="FastStream, batch=True and publish_batch; at most once, no log",
        package="faststream",
    ),
)
BATCH_PEERS = (
    Entry(name="pandas_joblib", meaning="pandas reads and writes, joblib.Parallel scores pieces", package="pandas"),
    Entry(name="dask_dataframe", meaning="Dask: read_parquet, map_partitions, to_parquet", package="dask"),
)
