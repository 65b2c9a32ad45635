-- Tables that all models share. Rows carry their identity (where they came from in Kafka), the engine keeps one row an
-- identity, and a token on each insert keeps a repeated insert out from the start.

CREATE TABLE IF NOT EXISTS models
(
    model               LowCardinality(String),
    task                LowCardinality(String) COMMENT 'classification or regression',
    label               String COMMENT 'what the label means',
    labels_within_hours Float64 COMMENT 'after so many hours a request has its label, if it gets one',
    labels_share        Float64 COMMENT 'the share of requests that get one, at least',
    folder              String COMMENT 'the model folder, where it was applied from',
    applied_at          DateTime64(3, 'UTC') COMMENT 'the latest `headrace apply` counts'
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY model;

CREATE TABLE IF NOT EXISTS blocks
(
    topic                LowCardinality(String) COMMENT 'topic of the log block',
    partition            Int32,
    offset               Int64 COMMENT 'offset of the log block',
    model                LowCardinality(String),
    source_topic         LowCardinality(String),
    source_partition     Int32,
    first_offset         Int64 COMMENT 'first request of the block',
    last_offset          Int64 COMMENT 'last request of the block',
    previous_last_offset Int64 COMMENT 'last request of the block before; -1 for the first',
    received             UInt32,
    answered             UInt32 COMMENT 'answers sent, ok or rejected',
    rejected             UInt32 COMMENT 'requests not scored, identified or not',
    unidentified         UInt32 COMMENT 'of those: no request_id could be read, so there is a dead letter and no answer',
    logged               UInt32 COMMENT 'rows of the block',
    versions             Map(String, UInt32) COMMENT 'rows by version',
    release              String,
    worker               LowCardinality(String),
    scored_at            DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset)
SETTINGS non_replicated_deduplication_window = 10000;

-- Apart from the table, so that one of before gets it too.
ALTER TABLE blocks ADD COLUMN IF NOT EXISTS
    pinned Map(String, Float64) COMMENT 'parameters that the worker set otherwise than the release';

CREATE TABLE IF NOT EXISTS rejections
(
    model            LowCardinality(String),
    source_topic     LowCardinality(String),
    source_partition Int32,
    source_offset    Int64,
    request_id       Nullable(String),
    reason           String,
    worker           LowCardinality(String),
    scored_at        DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (source_topic, source_partition, source_offset)
SETTINGS non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS events
(
    topic       LowCardinality(String),
    partition   Int32,
    offset      Int64,
    model       LowCardinality(String),
    event       LowCardinality(String) COMMENT 'what happened, past tense',
    happened_at DateTime64(3, 'UTC') COMMENT 'when it was written to its topic',
    body        String COMMENT 'the record as JSON'
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset)
SETTINGS non_replicated_deduplication_window = 10000;
