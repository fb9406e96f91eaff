-- The accepted events that count: one row for each (kind, system, station, slot), with the record that holds it.
-- Inputs: bronze_window, records.
-- A station that is in two parts at one slot (its system was divided anew) counts as the first record in stream order has it.
-- By a window over the station's rows, as the spans are: so Spark shuffles them once for both. min_by on texts would sort them before
-- that shuffle as well, to no end, since nearly every row is a group of its own.
SELECT kind, system_id, station_id, slot_ms, content_hash, part, record_no
FROM (
  SELECT w.kind, w.system_id, w.station_id, w.slot_ms, w.content_hash, r.part, r.record_no,
    lag(w.slot_ms) OVER (PARTITION BY w.kind, w.system_id, w.station_id ORDER BY w.slot_ms, r.record_no) AS slot_before_ms
  FROM bronze_window AS w
  JOIN records AS r
    ON w.kind = r.kind AND w.system_id = r.system_id AND w.part = r.part AND w.slot_ms = r.slot_ms
    AND w.shard_id = r.shard_id AND w.sequence_number = r.sequence_number
  WHERE r.is_first
) AS placed
WHERE slot_before_ms IS NULL OR slot_before_ms <> slot_ms
