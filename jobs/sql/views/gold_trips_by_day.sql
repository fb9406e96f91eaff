-- gold.trips_by_day: trips of each source by local date, of its four busiest places and of all others (place_rank 5).
-- Inputs: trips_daily (gold.trips_daily).
WITH places AS (
  SELECT source, place_id, place_label,
    row_number() OVER (PARTITION BY source ORDER BY trips DESC, place_id) AS place_rank
  FROM (
    SELECT source, coalesce(place_id, '') AS place_id, sum(trips) AS trips,
      coalesce(max(place_name), max(place_kind) || ' ' || max(place_id), 'no place named') AS place_label
    FROM trips_daily
    GROUP BY source, coalesce(place_id, '')
  ) AS of_places
)
SELECT d.source, d.event_date,
  CAST(least(p.place_rank, 5) AS INT) AS place_rank,
  max(CASE WHEN p.place_rank < 5 THEN p.place_label ELSE 'all others' END) AS place_label,
  CAST(sum(d.trips) AS BIGINT) AS trips
FROM trips_daily AS d
JOIN places AS p ON p.source = d.source AND p.place_id = coalesce(d.place_id, '')
GROUP BY d.source, d.event_date, CAST(least(p.place_rank, 5) AS INT)
