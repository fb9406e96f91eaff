-- gold.ledger_lanes: for each lane and shard, the lines of Bronze against what the log's batches say they consumed.
-- Inputs: stream_records (silver.records), batch_ranges.
-- A record that lies in no batch of its lane and shard was given up, or, beyond the last batch and not redriven, is still pending.
-- It lies in one where the batches that begin at it or before it reach that far: records and batches in one order, gone through once.
-- redriven: lines of given-up records that came again under another sequence number, and were consumed then; given_up counts them too.
-- Records without a lane never were in the stream: a command brought them back.
-- difference: lines - consumed - given up - pending; 0, or records were lost or consumed twice.
WITH in_bronze AS (
  SELECT lane, shard_id, lpad(sequence_number, 128, '0') AS sequence, sum(lines) AS lines
  FROM stream_records
  WHERE lane IS NOT NULL
  GROUP BY lane, shard_id, lpad(sequence_number, 128, '0')
),
consumed AS (
  SELECT lane, shard_id, CAST(sum(events) AS BIGINT) AS events, max(last_sequence) AS last_sequence
  FROM batch_ranges
  GROUP BY lane, shard_id
),
came_again AS (
  SELECT DISTINCT o.lane, o.shard_id, lpad(o.sequence_number, 128, '0') AS sequence, a.shard_id AS again_shard_id,
    lpad(a.sequence_number, 128, '0') AS again_sequence
  FROM stream_records AS o
  JOIN stream_records AS a
    ON a.lane = o.lane AND a.kind = o.kind AND a.system_id = o.system_id AND a.part = o.part AND a.slot = o.slot
    AND a.fetched_at = o.fetched_at AND a.sequence_number <> o.sequence_number
),
consumed_again AS (
  SELECT DISTINCT r.lane, r.shard_id, r.sequence
  FROM came_again AS r
  JOIN batch_ranges AS b
    ON b.lane = r.lane AND b.shard_id = r.again_shard_id AND r.again_sequence BETWEEN b.first_sequence AND b.last_sequence
),
in_order AS (
  SELECT lane, shard_id, sequence, lines, is_record,
    max(last_sequence) OVER (
      PARTITION BY lane, shard_id ORDER BY sequence, is_record ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS consumed_until
  FROM (
    SELECT lane, shard_id, sequence, lines, CAST(NULL AS STRING) AS last_sequence, 1 AS is_record FROM in_bronze
    UNION ALL
    SELECT lane, shard_id, first_sequence, 0, last_sequence, 0 FROM batch_ranges
  ) AS records_and_batches
),
open_records AS (
  SELECT r.lane, r.shard_id, r.lines, a.sequence IS NOT NULL AS is_redriven,
    a.sequence IS NULL AND coalesce(r.sequence > c.last_sequence, true) AS is_pending
  FROM in_order AS r
  LEFT JOIN consumed AS c ON c.lane = r.lane AND c.shard_id = r.shard_id
  LEFT JOIN consumed_again AS a ON a.lane = r.lane AND a.shard_id = r.shard_id AND a.sequence = r.sequence
  WHERE r.is_record = 1 AND coalesce(r.consumed_until < r.sequence, true)
),
lanes AS (
  SELECT lane, shard_id, sum(lines) AS lines, 0 AS events, 0 AS given_up, 0 AS pending, 0 AS redriven
  FROM in_bronze
  GROUP BY lane, shard_id
  UNION ALL
  SELECT lane, shard_id, 0, events, 0, 0, 0
  FROM consumed
  UNION ALL
  SELECT lane, shard_id, 0, 0, CASE WHEN is_pending THEN 0 ELSE lines END, CASE WHEN is_pending THEN lines ELSE 0 END,
    CASE WHEN is_redriven THEN lines ELSE 0 END
  FROM open_records
)
SELECT lane, shard_id, CAST(sum(lines) AS BIGINT) AS lines, CAST(sum(events) AS BIGINT) AS consumed,
  CAST(sum(given_up) AS BIGINT) AS given_up, CAST(sum(pending) AS BIGINT) AS pending,
  CAST(sum(redriven) AS BIGINT) AS redriven,
  CAST(abs(sum(lines) - sum(events) - sum(given_up) - sum(pending)) AS BIGINT) AS difference
FROM lanes
GROUP BY lane, shard_id
ORDER BY lane, shard_id
