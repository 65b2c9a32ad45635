-- Tables of one model; the placeholder of features becomes one column for each field of features.avsc.

CREATE TABLE IF NOT EXISTS {model}_predictions
(
    request_id            String CODEC(ZSTD(1)),
    entity                Nullable(String),
    event_time            DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    scored_at             DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    version               LowCardinality(String),
    variant               LowCardinality(String),
    release               LowCardinality(String),
    score                 Float64 CODEC(ZSTD(1)),
    decision              Nullable(Bool),
    inclusion_probability Float64 DEFAULT 1 COMMENT 'chance that an answer was logged',
    source_partition      Int32,
    source_offset         Int64 CODEC(Delta, ZSTD(1)),
    {features}
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(scored_at)
ORDER BY (source_partition, source_offset)
SETTINGS non_replicated_deduplication_window = 10000;

-- Labelled rows of before: what `headrace import` brought. A row that is imported again unchanged stays as it was, with
-- its first imported_at; a changed one stands beside its former self, and readers take the latest.
CREATE TABLE IF NOT EXISTS {model}_history
(
    request_id    String CODEC(ZSTD(1)),
    entity        Nullable(String),
    event_time    DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    label         Float64,
    label_time    DateTime64(3, 'UTC') COMMENT 'when the truth became known',
    imported_at   DateTime64(3, 'UTC'),
    imported_from LowCardinality(String) COMMENT 'the file',
    content       UInt64 COMMENT 'a digest of the row',
    precedence    UInt64 DEFAULT bitNot(toUInt64(toUnixTimestamp64Milli(imported_at))) COMMENT 'the first import wins',
    {features}
)
ENGINE = ReplacingMergeTree(precedence)
ORDER BY (event_time, request_id, content);

-- Every message of M.labels, once. What could not be read as a label stays here with its reason and its bytes, and no
-- view counts it.
CREATE TABLE IF NOT EXISTS {model}_labels
(
    request_id  String CODEC(ZSTD(1)),
    label       Nullable(Float64) COMMENT 'yes is 1; null when unfit',
    label_time  Nullable(DateTime64(3, 'UTC')) COMMENT 'when the truth became known, as the sender says',
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when Kafka had it',
    reason      LowCardinality(String) COMMENT 'why it is unfit; empty for a label',
    original    String COMMENT 'the bytes of what is unfit',
    topic       LowCardinality(String),
    partition   Int32,
    offset      Int64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (partition, offset)
SETTINGS non_replicated_deduplication_window = 10000;
