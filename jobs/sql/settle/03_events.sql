-- The accepted events that count: one row for each (kind, system, station, slot), with the record that holds it.
-- Inputs: bronze_window, records.
-- A station that is in two parts at one slot (its system was divided anew) counts as the first record in stream order has it.
SELECT w.kind, w.system_id, w.station_id, w.slot_ms,
  min_by(w.content_hash, r.record_no) AS content_hash, min_by(r.part, r.record_no) AS part, min(r.record_no) AS record_no
FROM bronze_window AS w
JOIN records AS r
  ON w.kind = r.kind AND w.system_id = r.system_id AND w.part = r.part AND w.slot_ms = r.slot_ms
  AND w.shard_id = r.shard_id AND w.sequence_number = r.sequence_number
WHERE r.is_first
GROUP BY w.kind, w.system_id, w.station_id, w.slot_ms
