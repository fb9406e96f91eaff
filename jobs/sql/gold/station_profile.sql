-- gold.station_profile: how a station is, by local hour of the week, over the weeks observed.
-- hour_of_week: 0 is Monday 00:00 to 01:00, 167 Sunday 23:00 to 24:00, in the system's time zone.
-- Inputs: station_hours (gold.station_hourly, every day).
-- occupancy of an hour: bikes / (bikes + free docks), time-weighted; null where the feed gives no docks. Mean over time; percentiles
-- over the weeks' hours. weeks: how many weeks have an interval in that hour.
SELECT system_id, station_id,
  CAST(weekday(local_date) * 24 + local_hour AS INT) AS hour_of_week,
  count(DISTINCT local_date) AS weeks,
  CAST(sum(observed_seconds) AS BIGINT) AS observed_seconds,
  CAST(sum(bike_seconds) AS DOUBLE) / sum(observed_seconds) AS bikes_mean,
  CAST(sum(CASE WHEN dock_seconds IS NOT NULL THEN bike_seconds END) AS DOUBLE)
    / nullif(sum(CASE WHEN dock_seconds IS NOT NULL THEN bike_seconds + dock_seconds END), 0) AS occupancy_mean,
  percentile_cont(0.1) WITHIN GROUP (ORDER BY occupancy) AS occupancy_p10,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY occupancy) AS occupancy_p50,
  percentile_cont(0.9) WITHIN GROUP (ORDER BY occupancy) AS occupancy_p90,
  CAST(sum(empty_seconds) AS DOUBLE) / sum(observed_seconds) AS empty_share,
  CAST(sum(full_seconds) AS DOUBLE)
    / nullif(sum(CASE WHEN full_seconds IS NOT NULL THEN observed_seconds END), 0) AS full_share
FROM (
  SELECT *, CAST(bike_seconds AS DOUBLE) / nullif(bike_seconds + dock_seconds, 0) AS occupancy
  FROM station_hours
  WHERE observed_seconds > 0
) AS hours
GROUP BY system_id, station_id, weekday(local_date) * 24 + local_hour
ORDER BY system_id, station_id, hour_of_week
