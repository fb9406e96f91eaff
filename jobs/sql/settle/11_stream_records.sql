-- silver.records of the day: the stream's records as Bronze has them, for the ledger and the audit.
-- Inputs: records, day.
SELECT r.kind, r.system_id, r.part, r.lane, r.shard_id, r.sequence_number, timestamp_millis(r.slot_ms) AS slot,
  timestamp_millis(r.fetched_at_ms) AS fetched_at, timestamp_millis(r.arrived_at_ms) AS arrived_at,
  r.rows_in_bronze AS bronze_rows, r.lines, r.is_first, r.is_superseded, d.event_date
FROM records AS r
CROSS JOIN day AS d
WHERE r.slot_ms >= d.start_ms AND r.slot_ms < d.end_ms
ORDER BY r.record_no
