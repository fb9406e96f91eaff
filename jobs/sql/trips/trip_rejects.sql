-- silver.trip_rejects of one file: the lines that aren't counted, as they were read. Inputs: checked_trips, layout.
SELECT l.file_id, c.reason, c.raw
FROM checked_trips AS c
CROSS JOIN layout AS l
WHERE c.reason IS NOT NULL
ORDER BY reason, raw
