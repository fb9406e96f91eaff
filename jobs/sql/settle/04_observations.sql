-- What was seen of each station from the day's beginning to the guard after its end: events, and what a 304 confirms.
-- Inputs: events, records, receipts, feeds, day.
-- A poll answered with 304 observes every station of the poll whose body it confirms (gold.md, "Observation"): its basis may lie
-- on the day before. Where a part has a record at that slot as well, the record counts, as in the Silver log.
SELECT e.kind, e.system_id, e.station_id, e.slot_ms, e.slot_ms AS source_slot_ms, e.content_hash, e.record_no, f.guard_ms
FROM events AS e
JOIN feeds AS f ON f.kind = e.kind AND f.system_id = e.system_id
CROSS JOIN day AS d
WHERE e.slot_ms >= d.start_ms AND e.slot_ms < d.end_ms + f.guard_ms
UNION ALL
SELECT e.kind, e.system_id, e.station_id, p.slot_ms, e.slot_ms AS source_slot_ms, e.content_hash, e.record_no, f.guard_ms
FROM receipts AS p
JOIN feeds AS f ON f.feed = p.feed AND f.system_id = p.system_id
JOIN events AS e ON e.kind = f.kind AND e.system_id = p.system_id AND e.slot_ms = p.basis_slot_ms
CROSS JOIN day AS d
LEFT JOIN records AS r
  ON r.kind = e.kind AND r.system_id = e.system_id AND r.part = e.part AND r.slot_ms = p.slot_ms AND r.is_first
WHERE p.receipt_no = 1 AND p.status = 'not_modified' AND p.slot_ms > p.basis_slot_ms AND r.record_no IS NULL
  AND p.slot_ms >= d.start_ms AND p.slot_ms < d.end_ms + f.guard_ms
