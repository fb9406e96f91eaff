-- The spans with the values of the observation that opened them.
-- Inputs: spans, records, bronze_window, day.
-- DISTINCT: Firehose may have delivered a row twice.
SELECT DISTINCT s.kind, s.system_id, s.station_id, s.content_hash,
  w.num_bikes_available, w.num_bikes_disabled, w.num_docks_available, w.num_docks_disabled, w.capacity,
  w.is_installed, w.is_renting, w.is_returning, w.vehicle_types, timestamp_millis(w.last_reported_ms) AS last_reported,
  w.flags, w.name, w.lat, w.lon, w.region_id,
  timestamp_millis(s.from_ms) AS valid_from, timestamp_millis(s.last_ms) AS last_slot, timestamp_millis(s.to_ms) AS valid_to,
  s.observations, s.is_change, d.event_date
FROM spans AS s
JOIN records AS r ON r.record_no = s.record_no
JOIN bronze_window AS w
  ON w.kind = s.kind AND w.system_id = s.system_id AND w.station_id = s.station_id AND w.slot_ms = s.source_slot_ms
  AND w.shard_id = r.shard_id AND w.sequence_number = r.sequence_number AND w.content_hash = s.content_hash
CROSS JOIN day AS d
