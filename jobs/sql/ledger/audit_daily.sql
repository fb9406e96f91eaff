-- gold.audit_daily of a UTC day: the settled spans that are changes against the rows of the Silver log, by station, slot and content.
-- Inputs: day_changes (is_change spans of both kinds: kind, system_id, station_id, slot, content_hash), log_changes (rows of kind
-- change of the log: the same columns), explanations_around (of the day before and the day), day_firsts (each station's first
-- observation of the day: kind, system_id, station_id, slot), station_before, open_explanations (those with is_open of two days before
-- and earlier), day.
-- A late or given-up event also explains the first observation after it where that comes days later: the station was not seen between.
-- missing: settled, not in the log. extra: in the log, not settled. Both count what nothing explains; the explained ones stand beside.
WITH logged AS (
  SELECT l.kind, l.system_id, l.station_id, unix_millis(l.slot) AS slot_ms, l.content_hash, count(*) AS times
  FROM log_changes AS l
  CROSS JOIN day AS d
  WHERE unix_millis(l.slot) >= d.start_ms AND unix_millis(l.slot) < d.end_ms
  GROUP BY l.kind, l.system_id, l.station_id, unix_millis(l.slot), l.content_hash
),
settled AS (
  SELECT kind, system_id, station_id, unix_millis(slot) AS slot_ms, content_hash, 1 AS times
  FROM day_changes
),
compared AS (
  SELECT kind, system_id, station_id, slot_ms, sum(settled) AS settled, sum(logged) AS logged,
    sum(greatest(settled_minus_logged, 0)) AS missing, sum(greatest(-settled_minus_logged, 0)) AS extra
  FROM (
    SELECT kind, system_id, station_id, slot_ms, content_hash, sum(settled) AS settled, sum(logged) AS logged,
      sum(settled) - sum(logged) AS settled_minus_logged
    FROM (
      SELECT kind, system_id, station_id, slot_ms, content_hash, times AS settled, 0 AS logged FROM settled
      UNION ALL
      SELECT kind, system_id, station_id, slot_ms, content_hash, 0 AS settled, times AS logged FROM logged
    ) AS sides
    GROUP BY kind, system_id, station_id, slot_ms, content_hash
  ) AS contents
  GROUP BY kind, system_id, station_id, slot_ms
),
explained AS (
  SELECT kind, system_id, station_id, unix_millis(slot) AS slot_ms
  FROM explanations_around
  UNION
  SELECT f.kind, f.system_id, f.station_id, unix_millis(f.slot) AS slot_ms
  FROM day_firsts AS f
  JOIN station_before AS b ON b.kind = f.kind AND b.system_id = f.system_id AND b.station_id = f.station_id
  JOIN open_explanations AS o ON o.kind = f.kind AND o.system_id = f.system_id AND o.station_id = f.station_id
  WHERE CAST(b.last_slot AS DATE) <= date_add(o.event_date, 1)
)
SELECT c.system_id, c.kind,
  CAST(sum(c.settled) AS BIGINT) AS settled_changes,
  CAST(sum(c.logged) AS BIGINT) AS log_changes,
  CAST(sum(CASE WHEN e.slot_ms IS NULL THEN c.missing ELSE 0 END) AS BIGINT) AS missing,
  CAST(sum(CASE WHEN e.slot_ms IS NULL THEN c.extra ELSE 0 END) AS BIGINT) AS extra,
  CAST(sum(CASE WHEN e.slot_ms IS NULL THEN 0 ELSE c.missing END) AS BIGINT) AS missing_explained,
  CAST(sum(CASE WHEN e.slot_ms IS NULL THEN 0 ELSE c.extra END) AS BIGINT) AS extra_explained,
  any_value(d.event_date) AS event_date
FROM compared AS c
CROSS JOIN day AS d
LEFT JOIN explained AS e
  ON e.kind = c.kind AND e.system_id = c.system_id AND e.station_id = c.station_id AND e.slot_ms = c.slot_ms
GROUP BY c.system_id, c.kind
ORDER BY c.system_id, c.kind
