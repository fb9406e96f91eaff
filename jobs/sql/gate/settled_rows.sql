-- The input bronze_all of ledger_gate.sql for a day that is settled: its rows, and the newest receipt of each poll group from later settled
-- days, so that a group that the plan has since then, or whose receipts came late, keeps no old day open.
-- Inputs: day_rows (rows of Bronze from the day's beginning to some hours after its end), newest_receipts (newest_receipts.sql).
SELECT kind, feed, system_id, slot_ms, fetched_at_ms, part, shard_id, sequence_number, line, group_id, accepted
FROM day_rows
UNION ALL
SELECT 'receipt' AS kind, 'station_status' AS feed, '' AS system_id, slot_ms, CAST(0 AS BIGINT) AS fetched_at_ms,
  0 AS part, '' AS shard_id, group_id AS sequence_number, 1 AS line, group_id, 0 AS accepted
FROM newest_receipts
