-- Records of a day that settle and the Silver log take differently, which explains differences of the audit.
-- Inputs: records_from (silver.records of the day and all later ones), batch_ranges, carried (newest slot of a system's part in the state
-- that relane began a lane with: lane, kind, system_id, part, newest_ms), moved (systems that left a lane, and the last sequence number that
-- it had consumed: lane, system_id, last_sequence), day.
-- Late, from Bronze alone: a record of a system's part whose slot is older than a newer one before it in stream order, or no newer than
-- what its lane began with. Given up: in no batch of its lane and shard. Outside: never in the stream (lane is null), a command brought it
-- back. A late record that isn't the first of its slot changes nothing on either side.
-- In a batch: the batches of the lane and shard that begin at the record or before it reach that far. So records and batches are put in
-- one order and gone through once; each record beside each batch would be the square of a lane's day.
-- Stray: of a system that had left the lane. Superseded: a reload replaced its slot, and the log can't be rewritten.
WITH placed AS (
  SELECT *, lpad(sequence_number, 128, '0') AS sequence,
    max(slot) OVER (
      PARTITION BY lane, kind, system_id, part ORDER BY length(sequence_number), sequence_number
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS newest_before
  FROM records_from
),
in_order AS (
  SELECT lane, shard_id, sequence, is_record,
    max(last_sequence) OVER (
      PARTITION BY lane, shard_id ORDER BY sequence, is_record ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS consumed_until
  FROM (
    SELECT lane, shard_id, sequence, CAST(NULL AS STRING) AS last_sequence, 1 AS is_record FROM placed WHERE lane IS NOT NULL
    UNION ALL
    SELECT lane, shard_id, first_sequence, last_sequence, 0 FROM batch_ranges
  ) AS records_and_batches
),
unconsumed AS (
  SELECT DISTINCT lane, shard_id, sequence
  FROM in_order
  WHERE is_record = 1 AND coalesce(consumed_until < sequence, true)
),
judged AS (
  SELECT p.*,
    CASE
      WHEN p.is_superseded THEN 'superseded'
      WHEN p.sequence > m.last_sequence THEN 'stray'
      WHEN p.is_first AND p.lane IS NULL THEN 'outside'
      WHEN p.is_first AND u.sequence IS NOT NULL THEN 'given_up'
      WHEN p.is_first AND (p.newest_before > p.slot OR unix_millis(p.slot) <= c.newest_ms) THEN 'late'
    END AS why
  FROM placed AS p
  JOIN day AS d ON d.event_date = p.event_date
  LEFT JOIN unconsumed AS u ON u.lane = p.lane AND u.shard_id = p.shard_id AND u.sequence = p.sequence
  LEFT JOIN carried AS c ON c.lane = p.lane AND c.kind = p.kind AND c.system_id = p.system_id AND c.part = p.part
  LEFT JOIN moved AS m ON m.lane = p.lane AND m.system_id = p.system_id
)
SELECT DISTINCT kind, system_id, part, shard_id, sequence_number, unix_millis(slot) AS slot_ms, why
FROM judged
WHERE why IS NOT NULL
