-- silver.status_changes: one row for each change of a station's status: the settled days, then the log for what is newer.
-- Inputs: station_status (silver.station_status), log_changes (silver.changes).
-- The log takes over after the last slot that the newest settled day has of the system; of a system that it hasn't, after its last slot of all.
-- What is late or was given up since then comes with settle.
WITH newest AS (
  SELECT system_id, max(last_slot) AS last_slot
  FROM station_status
  WHERE event_date = (SELECT max(event_date) FROM station_status)
  GROUP BY system_id
),
horizon AS (
  SELECT max(last_slot) AS last_slot
  FROM newest
)
SELECT system_id, station_id, valid_from AS slot, content_hash,
  num_bikes_available, num_bikes_disabled, num_docks_available, num_docks_disabled, capacity,
  is_installed, is_renting, is_returning, vehicle_types, last_reported, flags, 'settled' AS source
FROM station_status
WHERE is_change
UNION ALL
SELECT c.system_id, c.station_id, c.slot, c.content_hash,
  c.num_bikes_available, c.num_bikes_disabled, c.num_docks_available, c.num_docks_disabled, c.capacity,
  c.is_installed, c.is_renting, c.is_returning, c.vehicle_types, c.last_reported, c.flags, 'log' AS source
FROM log_changes AS c
CROSS JOIN horizon AS h
LEFT JOIN newest AS n ON n.system_id = c.system_id
WHERE c.kind = 'status' AND coalesce(c.slot > coalesce(n.last_slot, h.last_slot), true)
