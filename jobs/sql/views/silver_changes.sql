-- silver.changes: the log's rows of kind change, one for each fresh event.
-- Inputs: log_rows (silver.log).
SELECT lane, version, kind, system_id, station_id, part, slot, fetched_at, content_hash,
  num_bikes_available, num_bikes_disabled, num_docks_available, num_docks_disabled, capacity,
  is_installed, is_renting, is_returning, vehicle_types, last_reported, flags, name, lat, lon, region_id
FROM log_rows
WHERE row_kind = 'change'
