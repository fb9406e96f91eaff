-- bronze.polls: the receipts that count, as they came: a poll has several where it ran or was delivered twice.
-- Inputs: counted.
SELECT system_id, feed, timestamp_millis(slot_ms) AS slot, group_id, status, reason, http_code,
  fetched, accepted, rejected, repeated, rejected_reasons, bytes, latency_ms, timestamp_millis(basis_slot_ms) AS basis_slot,
  timestamp_millis(fetched_at_ms) AS fetched_at, timestamp_millis(feed_updated_ms) AS feed_updated,
  timestamp_millis(arrived_at_ms) AS arrived_at,
  lane, part, shard_id, sequence_number, line, slot_ms, fetched_at_ms, feed_updated_ms, arrived_at_ms, basis_slot_ms
FROM counted
WHERE kind = 'receipt'
