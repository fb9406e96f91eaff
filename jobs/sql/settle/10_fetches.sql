-- What Bronze has of each fetch of the day: its rows, and its events, which are the distinct stations.
-- Inputs: bronze_window, day.
-- A schedule fires twice now and then: then a poll has two fetches, known by fetched_at.
SELECT w.kind, w.system_id, w.slot_ms, w.fetched_at_ms, count(*) AS rows_in_bronze, count(DISTINCT w.station_id) AS events
FROM bronze_window AS w
CROSS JOIN day AS d
WHERE w.kind <> 'receipt' AND w.slot_ms >= d.start_ms AND w.slot_ms < d.end_ms
GROUP BY w.kind, w.system_id, w.slot_ms, w.fetched_at_ms
