-- The ledger of the lanes up to a date, from what is kept of each day: the figures of ledger_lanes.sql, without reading the log.
-- Inputs: lane_days (gold.ledger_lanes_daily), horizon (first_open: the first date that waits).
-- The folders before that date are a beginning of each chain. What later ones consumed of the days before is judged with the next day.
SELECT l.lane, l.shard_id, CAST(sum(l.lines) AS BIGINT) AS lines, CAST(sum(l.consumed) AS BIGINT) AS consumed,
  CAST(sum(l.given_up) AS BIGINT) AS given_up, CAST(sum(l.pending) AS BIGINT) AS pending, CAST(sum(l.redriven) AS BIGINT) AS redriven,
  CAST(abs(sum(l.lines) - sum(l.consumed) - sum(l.given_up) - sum(l.pending)) AS BIGINT) AS difference
FROM lane_days AS l
JOIN horizon AS h ON l.event_date < h.first_open AND coalesce(l.chain_date < h.first_open, true)
GROUP BY l.lane, l.shard_id
ORDER BY l.lane, l.shard_id
