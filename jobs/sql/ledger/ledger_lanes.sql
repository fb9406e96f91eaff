-- gold.ledger_lanes: for each lane and shard, the lines of Bronze against what the log's batches say they consumed.
-- Inputs: stream_records (silver.records), batch_ranges.
-- A record that lies in no batch of its lane and shard was given up, or, beyond the last batch, is still pending.
-- difference: lines - consumed - given up - pending; 0, or records were lost or consumed twice.
WITH in_bronze AS (
  SELECT lane, shard_id, lpad(sequence_number, 128, '0') AS sequence, sum(lines) AS lines
  FROM stream_records
  GROUP BY lane, shard_id, lpad(sequence_number, 128, '0')
),
consumed AS (
  SELECT lane, shard_id, CAST(sum(events) AS BIGINT) AS events, max(last_sequence) AS last_sequence
  FROM batch_ranges
  GROUP BY lane, shard_id
),
open_records AS (
  SELECT r.lane, r.shard_id, r.lines,
    coalesce(r.sequence > c.last_sequence, true) AS is_pending
  FROM in_bronze AS r
  LEFT JOIN consumed AS c ON c.lane = r.lane AND c.shard_id = r.shard_id
  ANTI JOIN batch_ranges AS b
    ON b.lane = r.lane AND b.shard_id = r.shard_id AND r.sequence BETWEEN b.first_sequence AND b.last_sequence
),
lanes AS (
  SELECT lane, shard_id, sum(lines) AS lines, 0 AS events, 0 AS given_up, 0 AS pending
  FROM in_bronze
  GROUP BY lane, shard_id
  UNION ALL
  SELECT lane, shard_id, 0, events, 0, 0
  FROM consumed
  UNION ALL
  SELECT lane, shard_id, 0, 0, CASE WHEN is_pending THEN 0 ELSE lines END, CASE WHEN is_pending THEN lines ELSE 0 END
  FROM open_records
)
SELECT lane, shard_id, CAST(sum(lines) AS BIGINT) AS lines, CAST(sum(events) AS BIGINT) AS consumed,
  CAST(sum(given_up) AS BIGINT) AS given_up, CAST(sum(pending) AS BIGINT) AS pending,
  CAST(abs(sum(lines) - sum(events) - sum(given_up) - sum(pending)) AS BIGINT) AS difference
FROM lanes
GROUP BY lane, shard_id
ORDER BY lane, shard_id
