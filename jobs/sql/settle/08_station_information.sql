-- silver.station_information of the day: what is known of a station besides its state, as spans like those of its status.
-- The guard follows the feed's own interval: information is fetched every hour.
-- Inputs: span_values.
SELECT system_id, station_id, content_hash, name, lat, lon, capacity, region_id, flags,
  valid_from, last_slot, valid_to, observations, is_change, event_date
FROM span_values
WHERE kind = 'information'
ORDER BY system_id, station_id, valid_from
