-- Tables and views of one model; {features} is one column for each field of features.avsc.

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

CREATE OR REPLACE VIEW {model}_by_request AS
SELECT
    request_id,
    argMin(version, (scored_at, source_partition, source_offset)) AS version,
    argMin(score, (scored_at, source_partition, source_offset)) AS score,
    argMin(decision, (scored_at, source_partition, source_offset)) AS decision,
    min(scored_at) AS first_scored_at,
    count() AS answers,
    uniqExact(score) > 1 AS conflict
FROM {model}_predictions FINAL
GROUP BY request_id;
