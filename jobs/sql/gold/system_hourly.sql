-- gold.system_hourly of a UTC day: each system, hour by hour.
-- Inputs: system_totals, systems, day.
SELECT t.system_id, t.period AS hour, stations, observed_seconds, bikes_mean, empty_share, full_share,
  falls, rises, rentals_min, returns_min, rebalanced_out, rebalanced_in, changes, turnover,
  top_station_1, top_rentals_min_1, top_station_2, top_rentals_min_2, top_station_3, top_rentals_min_3,
  bike_seconds, empty_seconds, full_seconds, docks_observed_seconds, closed_seconds,
  CAST(from_utc_timestamp(t.period, s.time_zone) AS DATE) AS local_date,
  CAST(hour(from_utc_timestamp(t.period, s.time_zone)) AS INT) AS local_hour,
  d.event_date
FROM system_totals AS t
CROSS JOIN day AS d
JOIN systems AS s ON s.system_id = t.system_id
WHERE t.period_kind = 'hour'
ORDER BY t.system_id, hour
