-- silver.trip_counts of one file: trips by local start date and by place. Inputs: checked_trips, layout.
-- Grouped by integers; what costs time zones is done for groups, and not for trips. A local time that comes twice is taken for its first instant,
-- and one that is skipped for the time an hour later.
WITH days AS (
  SELECT CAST(floor(started_local_ms / 86400000) AS BIGINT) AS day_number, place_id,
    max(place_name) AS place_name,
    count(*) AS trips,
    min(started_ms) AS first_ms,
    max(started_ms) AS last_ms,
    min(started_local_ms) AS first_local_ms,
    max(started_local_ms) AS last_local_ms
  FROM checked_trips
  WHERE reason IS NULL
  GROUP BY CAST(floor(started_local_ms / 86400000) AS BIGINT), place_id
)
SELECT l.file_id, l.source, l.place_kind, d.place_id, d.place_name, d.trips,
  coalesce(timestamp_millis(d.first_ms), to_utc_timestamp(timestamp_millis(d.first_local_ms), l.time_zone)) AS first_started_at,
  coalesce(timestamp_millis(d.last_ms), to_utc_timestamp(timestamp_millis(d.last_local_ms), l.time_zone)) AS last_started_at,
  CAST(timestamp_millis(d.day_number * 86400000) AS DATE) AS event_date
FROM days AS d
CROSS JOIN layout AS l
ORDER BY event_date, d.place_id NULLS FIRST
