-- bronze.station_status: the events of kind status that count, with readable times beside those in ms.
-- Inputs: counted.
SELECT system_id, station_id, timestamp_millis(slot_ms) AS slot, content_hash,
  num_bikes_available, num_bikes_disabled, num_docks_available, num_docks_disabled, capacity,
  is_installed, is_renting, is_returning, vehicle_types, timestamp_millis(last_reported_ms) AS last_reported, flags,
  timestamp_millis(fetched_at_ms) AS fetched_at, timestamp_millis(feed_updated_ms) AS feed_updated,
  timestamp_millis(arrived_at_ms) AS arrived_at,
  lane, part, shard_id, sequence_number, line, slot_ms, fetched_at_ms, feed_updated_ms, arrived_at_ms, last_reported_ms, raw
FROM counted
WHERE kind = 'status'
