-- Tables and views of one model; the placeholder of features becomes one column for each field of features.avsc.

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

-- One row a request_id: clients retry, so an id may have been answered more than once. The first answer is shown,
-- and whether a later one differs.
CREATE OR REPLACE VIEW {model}_by_request AS
SELECT
    p.request_id AS request_id,
    argMin(p.version, (p.scored_at, p.source_partition, p.source_offset)) AS version,
    argMin(p.score, (p.scored_at, p.source_partition, p.source_offset)) AS score,
    argMin(p.decision, (p.scored_at, p.source_partition, p.source_offset)) AS decision,
    min(p.scored_at) AS scored_at,
    count() AS answers,
    uniqExact(p.score) > 1 AS conflict
FROM {model}_predictions AS p FINAL
GROUP BY p.request_id;
