-- The rows of the window that count: where a reload replaces a system's slots, only those of that reload, elsewhere those of none.
-- Inputs: bronze_all (every row of the window), reloads (ranges of slots without overlap).
-- What follows @ in shard_id names the reload that a row belongs to (lib/gold/reload.ts).
SELECT b.*
FROM bronze_all AS b
LEFT JOIN reloads AS l
  ON l.system_id = b.system_id AND b.slot_ms >= l.from_ms AND b.slot_ms < l.until_ms
  AND l.kind = CASE WHEN b.kind <> 'receipt' THEN b.kind WHEN b.feed = 'station_status' THEN 'status' ELSE 'information' END
WHERE split_part(b.shard_id, '@', 2) = coalesce(l.reload_id, '')
