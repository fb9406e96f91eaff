-- silver.station_status of the day: what each station was, as spans (gold.md, "Settled Silver").
-- Inputs: span_values.
SELECT system_id, station_id, content_hash,
  num_bikes_available, num_bikes_disabled, num_docks_available, num_docks_disabled, capacity,
  is_installed, is_renting, is_returning, vehicle_types, last_reported, flags,
  valid_from, last_slot, valid_to, observations, is_change, event_date
FROM span_values
WHERE kind = 'status'
ORDER BY system_id, station_id, valid_from
