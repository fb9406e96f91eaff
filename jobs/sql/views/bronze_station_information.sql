-- bronze.station_information: the events of kind information that count, with readable times beside those in ms.
-- Inputs: counted.
SELECT system_id, station_id, timestamp_millis(slot_ms) AS slot, content_hash, name, lat, lon, capacity, region_id, flags,
  timestamp_millis(fetched_at_ms) AS fetched_at, timestamp_millis(feed_updated_ms) AS feed_updated,
  timestamp_millis(arrived_at_ms) AS arrived_at,
  lane, part, shard_id, sequence_number, line, slot_ms, fetched_at_ms, feed_updated_ms, arrived_at_ms, raw
FROM counted
WHERE kind = 'information'
