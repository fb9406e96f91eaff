-- gold.station_hourly of a UTC day (gold.md, "Gold"): what each station did in each hour.
-- Inputs: spans_around (status spans of the day, and earlier ones that end in it or at its first instant), station_before, systems, day.
-- An overlap is that of a span with the hour. A pair is two consecutive observations without a gap; within a span nothing differs,
-- so pairs that count are those where one span ends where the next begins. A pair belongs to the hour of its later observation.
--
-- Rebalancing: bikes also leave and come by truck, and counts alone can't tell. Estimating trips from station counts, and that
-- rebalancing has to be taken out of them, is the subject of C. Medard de Chardon and G. Caruso, "Estimating bike-share trips using
-- station level data", Transportation Research Part B 78 (2015), 260-279. The rule here is our own choice, the simplest that scales
-- with the station: a pair is suspected if at least 5 bikes went or came at once, and at least a quarter of the station's places
-- (bikes and docks, as the later observation gives them; without docks the 5 alone decide).
-- bike_seconds and dock_seconds are the integer sums behind the means, so that sums over rows stay exact.
WITH spans AS (
  SELECT system_id, station_id, from_ms, to_ms, is_change, num_bikes_available, num_docks_available,
    coalesce(is_installed = false, false) OR coalesce(is_renting = false AND is_returning = false, false) AS is_closed,
    num_bikes_available + coalesce(num_bikes_disabled, 0) AS bikes,
    num_bikes_available + coalesce(num_bikes_disabled, 0) + num_docks_available + coalesce(num_docks_disabled, 0) AS places,
    lag(to_ms) OVER stations AS to_before_ms,
    lag(num_bikes_available + coalesce(num_bikes_disabled, 0)) OVER stations AS bikes_before
  FROM (
    SELECT *, unix_millis(valid_from) AS from_ms, unix_millis(valid_to) AS to_ms
    FROM spans_around
  ) AS spans_ms
  WINDOW stations AS (PARTITION BY system_id, station_id ORDER BY from_ms)
),
hours AS (
  SELECT n, d.start_ms + n * 3600000 AS start_ms, d.start_ms + (n + 1) * 3600000 AS end_ms
  FROM range(0, 24) AS n(n)
  CROSS JOIN day AS d
),
parts AS (
  SELECT s.system_id, s.station_id, h.start_ms, s.num_bikes_available, s.num_docks_available, s.is_closed,
    least(s.to_ms, h.end_ms) - greatest(s.from_ms, h.start_ms) AS overlap_ms
  FROM spans AS s
  JOIN hours AS h ON s.from_ms < h.end_ms AND s.to_ms > h.start_ms
  WHERE s.to_ms > s.from_ms
),
stays AS (
  SELECT system_id, station_id, start_ms,
    sum(overlap_ms) AS observed_ms,
    sum(num_bikes_available * overlap_ms) AS bike_ms,
    sum(num_docks_available * overlap_ms) AS dock_ms,
    min(num_bikes_available) AS bikes_min,
    max(num_bikes_available) AS bikes_max,
    sum(CASE WHEN num_bikes_available = 0 THEN overlap_ms ELSE 0 END) AS empty_ms,
    sum(CASE WHEN num_docks_available = 0 THEN overlap_ms WHEN num_docks_available > 0 THEN 0 END) AS full_ms,
    sum(CASE WHEN is_closed THEN overlap_ms ELSE 0 END) AS closed_ms
  FROM parts
  GROUP BY system_id, station_id, start_ms
),
arrivals AS (
  SELECT s.system_id, s.station_id, s.from_ms - s.from_ms % 3600000 AS start_ms,
    CASE WHEN s.to_before_ms = s.from_ms THEN coalesce(s.bikes - s.bikes_before, 0) ELSE 0 END AS difference,
    s.places,
    s.is_change AND (s.to_before_ms IS NOT NULL OR b.station_id IS NOT NULL) AS is_counted
  FROM spans AS s
  CROSS JOIN day AS d
  LEFT JOIN station_before AS b ON b.kind = 'status' AND b.system_id = s.system_id AND b.station_id = s.station_id
  WHERE s.from_ms >= d.start_ms
),
moves AS (
  SELECT system_id, station_id, start_ms,
    sum(greatest(-difference, 0)) AS falls,
    sum(greatest(difference, 0)) AS rises,
    sum(CASE WHEN is_suspected THEN greatest(-difference, 0) ELSE 0 END) AS rebalanced_out,
    sum(CASE WHEN is_suspected THEN greatest(difference, 0) ELSE 0 END) AS rebalanced_in,
    count_if(is_counted) AS changes
  FROM (
    SELECT *, abs(difference) >= 5 AND abs(difference) * 4 >= coalesce(places, 0) AS is_suspected
    FROM arrivals
  ) AS judged
  GROUP BY system_id, station_id, start_ms
),
keys AS (
  SELECT system_id, station_id, start_ms FROM stays
  UNION
  SELECT system_id, station_id, start_ms FROM moves WHERE changes > 0
)
SELECT k.system_id, k.station_id, timestamp_millis(k.start_ms) AS hour,
  CAST(floor(coalesce(s.observed_ms, 0) / 1000) AS BIGINT) AS observed_seconds,
  CAST(s.bike_ms AS DOUBLE) / s.observed_ms AS bikes_mean,
  s.bikes_min, s.bikes_max,
  CAST(floor(coalesce(s.empty_ms, 0) / 1000) AS BIGINT) AS empty_seconds,
  CAST(floor(s.full_ms / 1000) AS BIGINT) AS full_seconds,
  CAST(floor(coalesce(s.closed_ms, 0) / 1000) AS BIGINT) AS closed_seconds,
  CAST(coalesce(m.falls, 0) AS BIGINT) AS falls,
  CAST(coalesce(m.rises, 0) AS BIGINT) AS rises,
  CAST(coalesce(m.falls - m.rebalanced_out, 0) AS BIGINT) AS rentals_min,
  CAST(coalesce(m.rises - m.rebalanced_in, 0) AS BIGINT) AS returns_min,
  CAST(coalesce(m.rebalanced_out, 0) AS BIGINT) AS rebalanced_out,
  CAST(coalesce(m.rebalanced_in, 0) AS BIGINT) AS rebalanced_in,
  CAST(coalesce(m.changes, 0) AS BIGINT) AS changes,
  CAST(floor(s.bike_ms / 1000) AS BIGINT) AS bike_seconds,
  CAST(floor(s.dock_ms / 1000) AS BIGINT) AS dock_seconds,
  CAST(from_utc_timestamp(timestamp_millis(k.start_ms), t.time_zone) AS DATE) AS local_date,
  CAST(hour(from_utc_timestamp(timestamp_millis(k.start_ms), t.time_zone)) AS INT) AS local_hour,
  d.event_date
FROM keys AS k
CROSS JOIN day AS d
JOIN systems AS t ON t.system_id = k.system_id
LEFT JOIN stays AS s ON s.system_id = k.system_id AND s.station_id = k.station_id AND s.start_ms = k.start_ms
LEFT JOIN moves AS m ON m.system_id = k.system_id AND m.station_id = k.station_id AND m.start_ms = k.start_ms
ORDER BY k.system_id, k.station_id, hour
