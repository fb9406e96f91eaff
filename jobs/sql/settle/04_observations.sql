-- What was seen of each station from the day's beginning to the guard after its end: events, and what a 304 confirms.
-- Inputs: events, records, receipts, feeds, day.
-- A poll answered with 304 observes every station of the poll whose body it confirms (gold.md, "Observation"): its basis may lie
-- on the day before. Where a part has a record at that slot as well, the record counts, as in the Silver log.
-- An event whose poll no 304 confirms is seen once, at its slot. The others are seen at each slot of `seen`: their own, and those of
-- the 304s. So the events, which are as many as the rows of Bronze, are gone through once.
WITH confirmed AS (
  SELECT f.kind, p.system_id, p.basis_slot_ms, p.slot_ms
  FROM receipts AS p
  JOIN feeds AS f ON f.feed = p.feed AND f.system_id = p.system_id
  CROSS JOIN day AS d
  WHERE p.receipt_no = 1 AND p.status = 'not_modified' AND p.slot_ms > p.basis_slot_ms
    AND p.slot_ms >= d.start_ms AND p.slot_ms < d.end_ms + f.guard_ms
),
seen AS (
  SELECT kind, system_id, basis_slot_ms, slot_ms, slot_ms AS confirmed_ms FROM confirmed
  UNION ALL
  SELECT DISTINCT kind, system_id, basis_slot_ms, basis_slot_ms AS slot_ms, CAST(NULL AS BIGINT) AS confirmed_ms FROM confirmed
)
SELECT e.kind, e.system_id, e.station_id, coalesce(s.slot_ms, e.slot_ms) AS slot_ms, e.slot_ms AS source_slot_ms, e.content_hash,
  e.record_no, f.guard_ms
FROM events AS e
JOIN feeds AS f ON f.kind = e.kind AND f.system_id = e.system_id
CROSS JOIN day AS d
LEFT JOIN seen AS s ON s.kind = e.kind AND s.system_id = e.system_id AND s.basis_slot_ms = e.slot_ms
LEFT JOIN records AS r
  ON r.kind = e.kind AND r.system_id = e.system_id AND r.part = e.part AND r.slot_ms = s.confirmed_ms AND r.is_first
WHERE coalesce(s.slot_ms, e.slot_ms) >= d.start_ms AND coalesce(s.slot_ms, e.slot_ms) < d.end_ms + f.guard_ms AND r.record_no IS NULL
