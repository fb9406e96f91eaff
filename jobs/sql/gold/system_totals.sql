-- The sums over the stations of a system, for each period: an hour, a UTC day, a local day.
-- Inputs: period_hours.
-- bikes_mean: mean bikes of a station, times the stations observed; integers are summed and divided once.
-- empty_share and full_share: share of observed station time; full_share only of stations whose feed gives docks.
-- turnover: rentals_min per bike. top_station_n: the stations with most rentals_min, and theirs (ties: by id).
WITH stations AS (
  SELECT system_id, period_kind, period, station_id,
    sum(observed_seconds) AS observed_seconds, sum(bike_seconds) AS bike_seconds, sum(empty_seconds) AS empty_seconds,
    sum(full_seconds) AS full_seconds,
    sum(CASE WHEN full_seconds IS NULL THEN 0 ELSE observed_seconds END) AS docks_observed_seconds,
    sum(closed_seconds) AS closed_seconds, sum(falls) AS falls, sum(rises) AS rises, sum(rentals_min) AS rentals_min,
    sum(returns_min) AS returns_min, sum(rebalanced_out) AS rebalanced_out, sum(rebalanced_in) AS rebalanced_in,
    sum(changes) AS changes
  FROM period_hours
  GROUP BY system_id, period_kind, period, station_id
),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY system_id, period_kind, period ORDER BY rentals_min DESC NULLS LAST, station_id) AS place
  FROM stations
),
totals AS (
  SELECT system_id, period_kind, period,
    count_if(observed_seconds > 0) AS stations,
    CAST(sum(observed_seconds) AS BIGINT) AS observed_seconds, CAST(sum(bike_seconds) AS BIGINT) AS bike_seconds,
    CAST(sum(empty_seconds) AS BIGINT) AS empty_seconds, CAST(sum(full_seconds) AS BIGINT) AS full_seconds,
    CAST(sum(docks_observed_seconds) AS BIGINT) AS docks_observed_seconds,
    CAST(sum(closed_seconds) AS BIGINT) AS closed_seconds,
    CAST(sum(falls) AS BIGINT) AS falls, CAST(sum(rises) AS BIGINT) AS rises,
    CAST(sum(rentals_min) AS BIGINT) AS rentals_min, CAST(sum(returns_min) AS BIGINT) AS returns_min,
    CAST(sum(rebalanced_out) AS BIGINT) AS rebalanced_out, CAST(sum(rebalanced_in) AS BIGINT) AS rebalanced_in,
    CAST(sum(changes) AS BIGINT) AS changes,
    max(CASE WHEN place = 1 AND rentals_min > 0 THEN station_id END) AS top_station_1,
    max(CASE WHEN place = 2 AND rentals_min > 0 THEN station_id END) AS top_station_2,
    max(CASE WHEN place = 3 AND rentals_min > 0 THEN station_id END) AS top_station_3,
    CAST(max(CASE WHEN place = 1 AND rentals_min > 0 THEN rentals_min END) AS BIGINT) AS top_rentals_min_1,
    CAST(max(CASE WHEN place = 2 AND rentals_min > 0 THEN rentals_min END) AS BIGINT) AS top_rentals_min_2,
    CAST(max(CASE WHEN place = 3 AND rentals_min > 0 THEN rentals_min END) AS BIGINT) AS top_rentals_min_3
  FROM ranked
  GROUP BY system_id, period_kind, period
)
SELECT system_id, period_kind, period, stations, observed_seconds,
  CAST(bike_seconds AS DOUBLE) * stations / nullif(observed_seconds, 0) AS bikes_mean,
  CAST(empty_seconds AS DOUBLE) / nullif(observed_seconds, 0) AS empty_share,
  CAST(full_seconds AS DOUBLE) / nullif(docks_observed_seconds, 0) AS full_share,
  falls, rises, rentals_min, returns_min, rebalanced_out, rebalanced_in, changes,
  CAST(rentals_min AS DOUBLE) * observed_seconds / nullif(bike_seconds * stations, 0) AS turnover,
  top_station_1, top_rentals_min_1, top_station_2, top_rentals_min_2, top_station_3, top_rentals_min_3,
  bike_seconds, empty_seconds, full_seconds, docks_observed_seconds, closed_seconds
FROM totals
