-- Records of a day that settle counts and the Silver log does not: late ones and given-up ones, which explain differences of the audit.
-- Inputs: records_from (silver.records of the day and all later ones), batch_ranges, day.
-- Late, from Bronze alone: a record of a system's part whose slot is older than a newer one before it in stream order.
-- Given up: in no batch of its lane and shard. A late record that isn't the first of its slot changes nothing on either side.
WITH placed AS (
  SELECT *, lpad(sequence_number, 128, '0') AS sequence,
    max(slot) OVER (
      PARTITION BY lane, kind, system_id, part ORDER BY length(sequence_number), sequence_number
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS newest_before
  FROM records_from
),
unconsumed AS (
  SELECT p.lane, p.shard_id, p.sequence
  FROM placed AS p
  ANTI JOIN batch_ranges AS b
    ON b.lane = p.lane AND b.shard_id = p.shard_id AND p.sequence BETWEEN b.first_sequence AND b.last_sequence
)
SELECT DISTINCT p.kind, p.system_id, p.part, p.shard_id, p.sequence_number, unix_millis(p.slot) AS slot_ms,
  CASE WHEN u.sequence IS NOT NULL THEN 'given_up' ELSE 'late' END AS why
FROM placed AS p
JOIN day AS d ON d.event_date = p.event_date
LEFT JOIN unconsumed AS u ON u.lane = p.lane AND u.shard_id = p.shard_id AND u.sequence = p.sequence
WHERE p.is_first AND (p.newest_before > p.slot OR u.sequence IS NOT NULL)
