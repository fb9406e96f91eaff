-- The records of the stream as Bronze has them: one row for each entry (kind, system, part) of each chunk; and those that never were in
-- the stream, because a command brought them back (lane is null).
-- Inputs: bronze_all, reloads.
-- rows_in_bronze counts Firehose's duplicates; lines doesn't: (shard, sequence number, line) names a line (architecture.md, "The ledger").
-- Distinct lines are counted as bits, 32 of them in a number: as a set of lines each row of Bronze would be shuffled with its record's names.
-- is_superseded: a reload replaces the slot, and the record isn't of that reload. It stays here for the ledger of the lanes.
-- is_first: where a part of a system came twice for a slot, the first in stream order counts, as a whole (gold.md, "Observation").
-- What was brought back counts beside it: it adds stations to the slot that the stream's record has not, and changes none (03_events).
-- Stream order is that of the sequence numbers, decimal strings of different lengths: the longer one is the larger.
SELECT kind, system_id, part, lane, shard_id, sequence_number, slot_ms, fetched_at_ms, arrived_at_ms, rows_in_bronze, lines, is_superseded,
  row_number() OVER (ORDER BY length(sequence_number), sequence_number, shard_id, kind, system_id, part) AS record_no,
  NOT is_superseded AND (lane IS NULL OR row_number() OVER (
    PARTITION BY kind, system_id, part, slot_ms, is_superseded ORDER BY length(sequence_number), sequence_number, shard_id
  ) = 1) AS is_first
FROM (
  SELECT e.*, split_part(e.shard_id, '@', 2) <> coalesce(l.reload_id, '') AS is_superseded
  FROM (
    SELECT kind, system_id, part, lane, shard_id, sequence_number, slot_ms, fetched_at_ms,
      min(arrived_at_ms) AS arrived_at_ms, CAST(sum(rows_in_block) AS BIGINT) AS rows_in_bronze,
      CAST(sum(bit_count(lines_in_block)) AS BIGINT) AS lines
    FROM (
      SELECT kind, system_id, part, lane, shard_id, sequence_number, slot_ms, fetched_at_ms, CAST(floor(line / 32) AS BIGINT) AS line_block,
        min(arrived_at_ms) AS arrived_at_ms, count(*) AS rows_in_block,
        bit_or(shiftleft(CAST(1 AS BIGINT), CAST(line % 32 AS INT))) AS lines_in_block
      FROM bronze_all
      WHERE kind <> 'receipt'
      GROUP BY kind, system_id, part, lane, shard_id, sequence_number, slot_ms, fetched_at_ms, CAST(floor(line / 32) AS BIGINT)
    ) AS blocks
    GROUP BY kind, system_id, part, lane, shard_id, sequence_number, slot_ms, fetched_at_ms
  ) AS e
  LEFT JOIN reloads AS l
    ON l.system_id = e.system_id AND l.kind = e.kind AND e.slot_ms >= l.from_ms AND e.slot_ms < l.until_ms
) AS entries
