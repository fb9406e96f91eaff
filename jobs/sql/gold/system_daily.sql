-- gold.system_daily of a date: each system on that UTC day and on that local day (day_kind utc, local).
-- Inputs: system_totals, day.
SELECT t.system_id, t.period_kind AS day_kind, d.event_date AS date, stations, observed_seconds, bikes_mean, empty_share, full_share,
  falls, rises, rentals_min, returns_min, rebalanced_out, rebalanced_in, changes, turnover,
  top_station_1, top_rentals_min_1, top_station_2, top_rentals_min_2, top_station_3, top_rentals_min_3,
  bike_seconds, empty_seconds, full_seconds, docks_observed_seconds, closed_seconds,
  d.event_date
FROM system_totals AS t
CROSS JOIN day AS d
WHERE t.period_kind IN ('utc', 'local')
ORDER BY t.system_id, day_kind
