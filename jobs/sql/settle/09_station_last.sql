-- silver.station_last of the day: the last observation of each station up to the day's end, however long ago.
-- The next settled day compares with it, so that a change is a change against the observation before, however long ago.
-- Inputs: station_before, spans, day.
SELECT kind, system_id, station_id, max(last_slot) AS last_slot, max_by(content_hash, last_slot) AS content_hash,
  any_value(event_date) AS event_date
FROM (
  SELECT b.kind, b.system_id, b.station_id, b.last_slot, b.content_hash, d.event_date
  FROM station_before AS b
  CROSS JOIN day AS d
  UNION ALL
  SELECT s.kind, s.system_id, s.station_id, timestamp_millis(s.last_ms) AS last_slot, s.content_hash, d.event_date
  FROM spans AS s
  CROSS JOIN day AS d
) AS seen
GROUP BY kind, system_id, station_id
ORDER BY kind, system_id, station_id
