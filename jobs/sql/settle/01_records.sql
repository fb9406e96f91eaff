-- The records of the stream as Bronze has them: one row for each entry (kind, system, part) of each chunk.
-- Inputs: bronze_window.
-- rows_in_bronze counts Firehose's duplicates; lines doesn't: (shard, sequence number, line) names a line (architecture.md, "The ledger").
-- is_first: where a part of a system came twice for a slot, the first in stream order counts, as a whole (gold.md, "Observation").
-- Stream order is that of the sequence numbers, decimal strings of different lengths: the longer one is the larger.
SELECT kind, system_id, part, lane, shard_id, sequence_number, slot_ms, fetched_at_ms, arrived_at_ms, rows_in_bronze, lines,
  row_number() OVER (ORDER BY length(sequence_number), sequence_number, shard_id, kind, system_id, part) AS record_no,
  row_number() OVER (
    PARTITION BY kind, system_id, part, slot_ms ORDER BY length(sequence_number), sequence_number, shard_id
  ) = 1 AS is_first
FROM (
  SELECT kind, system_id, part, lane, shard_id, sequence_number, slot_ms, fetched_at_ms,
    min(arrived_at_ms) AS arrived_at_ms, count(*) AS rows_in_bronze, count(DISTINCT line) AS lines
  FROM bronze_window
  WHERE kind <> 'receipt'
  GROUP BY kind, system_id, part, lane, shard_id, sequence_number, slot_ms, fetched_at_ms
) AS entries
