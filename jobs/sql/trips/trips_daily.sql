-- gold.trips_daily: trips by local start date and by the place where they began, over all files that are counted. Input: counts.
SELECT source, place_kind, place_id, max(place_name) AS place_name, CAST(sum(trips) AS BIGINT) AS trips,
  min(first_started_at) AS first_started_at, max(last_started_at) AS last_started_at, event_date
FROM counts
GROUP BY source, place_kind, place_id, event_date
ORDER BY source, event_date, place_id NULLS FIRST
