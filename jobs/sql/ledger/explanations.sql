-- Where records of a day that settle and log take differently (outsiders), and 304s out of turn, explain a difference: the slots of their observations, and of the
-- station's first event after each, of that day or the next.
-- is_open: the station has no event after this one up to the end of the next day; its first observation after that is explained then.
-- Inputs: outsiders, odd_confirmations, bronze_window (the day and the next), day.
WITH unseen AS (
  SELECT DISTINCT w.kind, w.system_id, w.station_id, w.slot_ms
  FROM bronze_window AS w
  JOIN outsiders AS o
    ON o.kind = w.kind AND o.system_id = w.system_id AND o.part = w.part AND o.slot_ms = w.slot_ms
    AND o.shard_id = w.shard_id AND o.sequence_number = w.sequence_number
  UNION
  SELECT DISTINCT w.kind, w.system_id, w.station_id, o.slot_ms
  FROM bronze_window AS w
  JOIN odd_confirmations AS o ON o.kind = w.kind AND o.system_id = w.system_id
),
following AS (
  SELECT u.kind, u.system_id, u.station_id, u.slot_ms, min(w.slot_ms) AS next_slot_ms
  FROM unseen AS u
  JOIN bronze_window AS w
    ON w.kind = u.kind AND w.system_id = u.system_id AND w.station_id = u.station_id AND w.slot_ms > u.slot_ms
  GROUP BY u.kind, u.system_id, u.station_id, u.slot_ms
)
SELECT e.kind, e.system_id, e.station_id, timestamp_millis(e.slot_ms) AS slot, e.is_open, d.event_date
FROM (
  SELECT u.kind, u.system_id, u.station_id, u.slot_ms, f.slot_ms IS NULL AS is_open
  FROM unseen AS u
  LEFT JOIN following AS f
    ON f.kind = u.kind AND f.system_id = u.system_id AND f.station_id = u.station_id AND f.slot_ms = u.slot_ms
  UNION
  SELECT kind, system_id, station_id, next_slot_ms AS slot_ms, false AS is_open FROM following
) AS e
CROSS JOIN day AS d
ORDER BY kind, system_id, station_id, slot, is_open
