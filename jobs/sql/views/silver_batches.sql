-- silver.batches: what each batch did to its lane.
-- Inputs: log_rows (silver.log).
SELECT lane, version, shard_id, first_sequence, last_sequence, records, newest_slots, fresh, unchanged, duplicate, late
FROM log_rows
WHERE row_kind = 'batch'
