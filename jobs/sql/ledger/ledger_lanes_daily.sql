-- gold.ledger_lanes_daily of a UTC day: for each lane and shard, the lines of the day's records by the date of the chain at which the log
-- consumed them, and what the batches of the day's own folders say they consumed.
-- Inputs: day_records (silver.records of the day), dated_ranges (of the folders from the day on, perhaps of earlier ones: a chain's date is
-- never before the slots of what it consumes), day.
-- A day is made once and kept, so that the sums over all days need no object of the log, and say the same when its folders have expired.
-- chain_date is null for lines in no batch: given up, or, beyond the last batch and not redriven, still pending. redriven: as in ledger_lanes.sql.
WITH in_bronze AS (
  SELECT lane, shard_id, lpad(sequence_number, 128, '0') AS sequence, sum(lines) AS lines
  FROM day_records
  WHERE lane IS NOT NULL
  GROUP BY lane, shard_id, lpad(sequence_number, 128, '0')
),
ranges AS (
  SELECT b.*
  FROM dated_ranges AS b
  JOIN day AS d ON b.chain_date >= d.event_date
),
placed AS (
  SELECT r.lane, r.shard_id, r.sequence, max(r.lines) AS lines, min(b.chain_date) AS chain_date
  FROM in_bronze AS r
  LEFT JOIN ranges AS b
    ON b.lane = r.lane AND b.shard_id = r.shard_id AND r.sequence BETWEEN b.first_sequence AND b.last_sequence
  GROUP BY r.lane, r.shard_id, r.sequence
),
consumed AS (
  SELECT lane, shard_id, max(last_sequence) AS last_sequence
  FROM ranges
  GROUP BY lane, shard_id
),
consumed_again AS (
  SELECT DISTINCT o.lane, o.shard_id, lpad(o.sequence_number, 128, '0') AS sequence
  FROM day_records AS o
  JOIN day_records AS a
    ON a.lane = o.lane AND a.kind = o.kind AND a.system_id = o.system_id AND a.part = o.part AND a.slot = o.slot
    AND a.fetched_at = o.fetched_at AND a.sequence_number <> o.sequence_number
  JOIN placed AS p ON p.lane = a.lane AND p.shard_id = a.shard_id AND p.sequence = lpad(a.sequence_number, 128, '0')
  WHERE p.chain_date IS NOT NULL
),
judged AS (
  SELECT p.lane, p.shard_id, p.chain_date, p.lines,
    CASE WHEN p.chain_date IS NULL AND a.sequence IS NOT NULL THEN p.lines ELSE 0 END AS redriven,
    CASE WHEN p.chain_date IS NULL AND a.sequence IS NULL AND coalesce(p.sequence > c.last_sequence, true) THEN p.lines ELSE 0 END AS pending
  FROM placed AS p
  LEFT JOIN consumed AS c ON c.lane = p.lane AND c.shard_id = p.shard_id
  LEFT JOIN consumed_again AS a ON a.lane = p.lane AND a.shard_id = p.shard_id AND a.sequence = p.sequence
),
sides AS (
  SELECT lane, shard_id, chain_date, lines, 0 AS consumed,
    CASE WHEN chain_date IS NULL THEN lines - pending ELSE 0 END AS given_up, pending, redriven
  FROM judged
  UNION ALL
  SELECT b.lane, b.shard_id, b.chain_date, 0, b.events, 0, 0, 0
  FROM ranges AS b
  JOIN day AS d ON d.event_date = b.chain_date
)
SELECT s.lane, s.shard_id, s.chain_date, CAST(sum(s.lines) AS BIGINT) AS lines, CAST(sum(s.consumed) AS BIGINT) AS consumed,
  CAST(sum(s.given_up) AS BIGINT) AS given_up, CAST(sum(s.pending) AS BIGINT) AS pending, CAST(sum(s.redriven) AS BIGINT) AS redriven,
  any_value(d.event_date) AS event_date
FROM sides AS s
CROSS JOIN day AS d
GROUP BY s.lane, s.shard_id, s.chain_date
ORDER BY s.lane, s.shard_id, s.chain_date NULLS FIRST
