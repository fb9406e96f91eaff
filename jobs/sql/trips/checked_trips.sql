-- The trips of a file with the reason why one isn't counted; null: it is.
-- Input: file_trips (csv_trips or hvfhv_trips).
-- In the hour that comes twice when daylight saving ends, a local time is two instants. A trip is said to end before it starts only if it does
-- with the earlier instant of its start and the later one of its end.
SELECT raw, time_zone, started_ms, started_local_ms, place_id, place_name,
  CASE
    WHEN fault IS NOT NULL THEN fault
    WHEN started_local_ms IS NULL THEN 'bad_start'
    WHEN has_end AND ended_local_ms IS NULL THEN 'bad_end'
    WHEN started_ms IS NOT NULL AND ended_ms IS NOT NULL THEN CASE WHEN ended_ms < started_ms THEN 'ends_before_start' END
    WHEN ended_local_ms < started_local_ms - 3600000 THEN 'ends_before_start'
    WHEN ended_local_ms < started_local_ms THEN
      CASE WHEN unix_millis(to_utc_timestamp(timestamp_millis(ended_local_ms), time_zone))
        + CASE WHEN unix_millis(from_utc_timestamp(timestamp_millis(
              unix_millis(to_utc_timestamp(timestamp_millis(ended_local_ms), time_zone)) + 3600000), time_zone)) = ended_local_ms
            THEN 3600000 ELSE 0 END
        < unix_millis(to_utc_timestamp(timestamp_millis(started_local_ms), time_zone)) THEN 'ends_before_start' END
  END AS reason
FROM file_trips
