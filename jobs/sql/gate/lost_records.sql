-- What a settled day was made of, and Bronze has no more. One row; lost is 0, or the day must not be replaced by what is left of it.
-- Inputs: settled_records (silver.records of the day as it is settled), settled_polls (silver.polls of it), records (as Bronze has them now),
-- bronze_receipts (system_id, feed, slot_ms of every receipt that Bronze has of the day now, those too that a reload supersedes).
-- Bronze only grows: rows that come late, that a command brings back or that a reload puts beside others add to it, and an erasure takes a
-- system's rows from the settled tables as well. That Firehose's duplicates are gone is no loss: lines are counted without them.
SELECT count(*) AS lost, min(name) AS example
FROM (
  SELECT s.kind || ' of ' || s.system_id || ', record ' || s.sequence_number AS name
  FROM settled_records AS s
  LEFT JOIN records AS r
    ON r.kind = s.kind AND r.system_id = s.system_id AND r.part = s.part AND r.shard_id = s.shard_id
    AND r.sequence_number = s.sequence_number AND r.slot_ms = unix_millis(s.slot)
  WHERE coalesce(r.lines < s.lines, true)
  UNION ALL
  SELECT p.feed || ' of ' || p.system_id || ', receipt of ' || CAST(p.slot AS STRING) AS name
  FROM settled_polls AS p
  LEFT JOIN bronze_receipts AS r
    ON r.system_id = p.system_id AND r.feed = p.feed AND r.slot_ms = unix_millis(p.slot)
  WHERE p.status IS NOT NULL AND r.slot_ms IS NULL
) AS gone
