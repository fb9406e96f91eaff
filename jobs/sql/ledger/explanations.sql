-- Where records of a day that settle and log take differently (outsiders), and 304s out of turn, explain a difference: the slots of their observations, and of the
-- station's first event after each, of that day or the next.
-- Where a poll ran twice, settle counts the first record of a part and the log may hold the second: the stations of both are explained,
-- and the first event after is that of either side.
-- is_open: settle has no event of the station after this one up to the end of the next day; its first observation after that is explained then.
-- Inputs: outsiders, odd_confirmations, records_from (silver.records of the day and later ones), bronze_window (the day and the next), day.
WITH unseen AS (
  SELECT DISTINCT w.kind, w.system_id, w.station_id, w.slot_ms
  FROM bronze_window AS w
  JOIN outsiders AS o ON o.kind = w.kind AND o.system_id = w.system_id AND o.part = w.part AND o.slot_ms = w.slot_ms
  UNION
  SELECT DISTINCT w.kind, w.system_id, w.station_id, o.slot_ms
  FROM bronze_window AS w
  JOIN odd_confirmations AS o ON o.kind = w.kind AND o.system_id = w.system_id
),
following AS (
  SELECT u.kind, u.system_id, u.station_id, u.slot_ms, min(w.slot_ms) AS next_slot_ms,
    min(w.slot_ms) FILTER (WHERE r.is_first) AS next_counted_ms
  FROM unseen AS u
  JOIN bronze_window AS w
    ON w.kind = u.kind AND w.system_id = u.system_id AND w.station_id = u.station_id AND w.slot_ms > u.slot_ms
  LEFT JOIN records_from AS r
    ON r.kind = w.kind AND r.system_id = w.system_id AND r.part = w.part AND unix_millis(r.slot) = w.slot_ms
    AND r.shard_id = w.shard_id AND r.sequence_number = w.sequence_number
  GROUP BY u.kind, u.system_id, u.station_id, u.slot_ms
)
SELECT e.kind, e.system_id, e.station_id, timestamp_millis(e.slot_ms) AS slot, e.is_open, d.event_date
FROM (
  SELECT u.kind, u.system_id, u.station_id, u.slot_ms, f.next_counted_ms IS NULL AS is_open
  FROM unseen AS u
  LEFT JOIN following AS f
    ON f.kind = u.kind AND f.system_id = u.system_id AND f.station_id = u.station_id AND f.slot_ms = u.slot_ms
  UNION
  SELECT kind, system_id, station_id, next_slot_ms AS slot_ms, false AS is_open FROM following
  UNION
  SELECT kind, system_id, station_id, next_counted_ms AS slot_ms, false AS is_open FROM following WHERE next_counted_ms IS NOT NULL
) AS e
CROSS JOIN day AS d
ORDER BY kind, system_id, station_id, slot, is_open
