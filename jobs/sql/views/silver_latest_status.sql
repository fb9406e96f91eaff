-- silver.latest_status: the newest known state of each station that was seen on the newest settled day or since; slot: since when.
-- Inputs: station_status (silver.station_status), log_changes (silver.changes).
-- Each station that was observed on a day has a span on it, so that the newest day and the log are enough.
WITH newest_day AS (
  SELECT *
  FROM station_status
  WHERE event_date = (SELECT max(event_date) FROM station_status)
),
newest AS (
  SELECT system_id, max(last_slot) AS last_slot
  FROM newest_day
  GROUP BY system_id
),
horizon AS (
  SELECT max(last_slot) AS last_slot
  FROM newest
),
states AS (
  SELECT system_id, station_id, valid_from AS slot, content_hash,
    num_bikes_available, num_bikes_disabled, num_docks_available, num_docks_disabled, capacity,
    is_installed, is_renting, is_returning, vehicle_types, last_reported, flags, 'settled' AS source
  FROM newest_day
  UNION ALL
  SELECT c.system_id, c.station_id, c.slot, c.content_hash,
    c.num_bikes_available, c.num_bikes_disabled, c.num_docks_available, c.num_docks_disabled, c.capacity,
    c.is_installed, c.is_renting, c.is_returning, c.vehicle_types, c.last_reported, c.flags, 'log' AS source
  FROM log_changes AS c
  CROSS JOIN horizon AS h
  LEFT JOIN newest AS n ON n.system_id = c.system_id
  WHERE c.kind = 'status' AND coalesce(c.slot > coalesce(n.last_slot, h.last_slot), true)
)
SELECT system_id, station_id, slot, content_hash,
  num_bikes_available, num_bikes_disabled, num_docks_available, num_docks_disabled, capacity,
  is_installed, is_renting, is_returning, vehicle_types, last_reported, flags, source
FROM (
  SELECT s.*, row_number() OVER (PARTITION BY system_id, station_id ORDER BY slot DESC) AS nth
  FROM states AS s
) AS ranked
WHERE nth = 1
