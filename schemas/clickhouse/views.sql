-- Views of one model; made anew by each `headrace apply`, after its columns.

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

-- One row a request_id that has a label: the latest by the label's own time counts, of equal ones that which Kafka had
-- last. The four are one number, time above offset, because a tuple takes over twice as long to compare.
-- contradictory: labels that differ.
CREATE OR REPLACE VIEW {model}_known_labels AS
SELECT
    l.request_id AS request_id,
    argMax(
        l.label,
        bitShiftLeft(toInt256(toUnixTimestamp64Milli(assumeNotNull(l.label_time))), 144)
            + bitShiftLeft(toInt256(toUnixTimestamp64Milli(l.received_at)), 96)
            + bitShiftLeft(toInt256(l.partition), 64)
            + l.offset
    ) AS label,
    max(l.label_time) AS label_time,
    max(l.received_at) AS received_at,
    count() AS labels,
    min(l.label) < max(l.label) AS contradictory
FROM {model}_labels AS l FINAL
WHERE l.reason = ''
GROUP BY l.request_id;

-- One row a request_id that has both: its first answer, as it was served, and its label.
CREATE OR REPLACE VIEW {model}_labelled AS
SELECT
    p.*,
    k.label AS label,
    k.label_time AS label_time,
    k.received_at AS label_received_at,
    k.labels AS labels,
    k.contradictory AS contradictory
FROM
(
    SELECT *
    FROM {model}_predictions FINAL
    ORDER BY scored_at, source_partition, source_offset
    LIMIT 1 BY request_id
) AS p
INNER JOIN {model}_known_labels AS k ON k.request_id = p.request_id;
