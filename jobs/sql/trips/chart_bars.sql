-- What the chart shows: trips of each source and day, by its four busiest places and all others (place_rank 5). Input: trips_daily.
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
SELECT d.source, CAST(d.event_date AS STRING) AS event_date,
  CAST(least(p.place_rank, 5) AS INT) AS place_rank,
  max(CASE WHEN p.place_rank < 5 THEN p.place_label ELSE 'all others' END) AS place_label,
  CAST(sum(d.trips) AS BIGINT) AS trips
FROM trips_daily AS d
JOIN places AS p ON p.source = d.source AND p.place_id = coalesce(d.place_id, '')
GROUP BY d.source, CAST(d.event_date AS STRING), CAST(least(p.place_rank, 5) AS INT)
ORDER BY d.source, event_date, place_rank
