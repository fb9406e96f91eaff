-- The station hours of a date, once for each period that they count in: their hour, their UTC day and their local day.
-- Inputs: station_hours (gold.station_hourly of the UTC day before, the day and the day after), day.
-- A local day is that of the system's time zone, and may have 23 or 25 hours. An hour belongs to the local date of its beginning.
SELECT 'hour' AS period_kind, h.hour AS period, h.*
FROM station_hours AS h
JOIN day AS d ON d.event_date = h.event_date
UNION ALL
SELECT 'utc' AS period_kind, timestamp_millis(d.start_ms) AS period, h.*
FROM station_hours AS h
JOIN day AS d ON d.event_date = h.event_date
UNION ALL
SELECT 'local' AS period_kind, timestamp_millis(d.start_ms) AS period, h.*
FROM station_hours AS h
JOIN day AS d ON d.event_date = h.local_date
