-- Runs of consecutive observations with the same content and no gap inside, cut at UTC midnight (gold.md, "Settled Silver").
-- Inputs: observations, station_before (each station's last observation before the day, however long ago), day.
-- A run begins at a station's first observation of the day, after a gap (further apart than the guard), where the content differs,
-- and at midnight: what follows the day is here only to say where its last runs end.
WITH marked AS (
  SELECT kind, system_id, station_id, slot_ms, source_slot_ms, content_hash, record_no, guard_ms,
    row_number() OVER stations AS n,
    lag(slot_ms) OVER stations AS slot_before_ms,
    lag(content_hash) OVER stations AS hash_before,
    lead(slot_ms) OVER stations AS slot_after_ms
  FROM observations
  WINDOW stations AS (PARTITION BY kind, system_id, station_id ORDER BY slot_ms)
),
edges AS (
  SELECT m.*,
    slot_before_ms IS NULL OR hash_before <> content_hash OR slot_ms - slot_before_ms > guard_ms
      OR (slot_ms >= d.end_ms AND slot_before_ms < d.end_ms) AS is_start,
    slot_after_ms IS NULL AS is_final
  FROM marked AS m
  CROSS JOIN day AS d
),
finals AS (
  SELECT *, max(slot_ms) OVER (PARTITION BY kind, system_id, station_id) AS final_slot_ms,
    max(n) OVER (PARTITION BY kind, system_id, station_id) AS final_n
  FROM edges
  WHERE is_start OR is_final
),
runs AS (
  SELECT kind, system_id, station_id, slot_ms, source_slot_ms, content_hash, hash_before, record_no, guard_ms,
    coalesce(lead(slot_before_ms) OVER later, final_slot_ms) AS last_slot_ms,
    coalesce(lead(n) OVER later, final_n + 1) - n AS observations,
    lead(slot_ms) OVER later AS next_slot_ms
  FROM finals
  WHERE is_start
  WINDOW later AS (PARTITION BY kind, system_id, station_id ORDER BY slot_ms)
)
SELECT r.kind, r.system_id, r.station_id, r.content_hash, r.source_slot_ms, r.record_no,
  r.slot_ms AS from_ms,
  r.last_slot_ms AS last_ms,
  CASE WHEN r.next_slot_ms - r.last_slot_ms <= r.guard_ms THEN r.next_slot_ms ELSE r.last_slot_ms END AS to_ms,
  CAST(r.observations AS BIGINT) AS observations,
  coalesce(r.hash_before, b.content_hash, '') <> r.content_hash AS is_change
FROM runs AS r
CROSS JOIN day AS d
LEFT JOIN station_before AS b ON b.kind = r.kind AND b.system_id = r.system_id AND b.station_id = r.station_id
WHERE r.slot_ms < d.end_ms
