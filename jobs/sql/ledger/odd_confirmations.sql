-- Polls of a day whose 304 confirms another body than the newest one before it: a body of a slot in between was fetched before or after
-- its turn (also by a second poll of a slot whose first was answered with 304), or a 304 in between confirmed another one, which happens where polls overlap. Settle counts what such a 304 confirms; the
-- Silver log, which sees no 304, can't.
-- Inputs: polls_around (silver.polls of the day before and the day), day.
SELECT DISTINCT CASE WHEN p.feed = 'station_status' THEN 'status' ELSE 'information' END AS kind,
  p.system_id, unix_millis(p.slot) AS slot_ms
FROM polls_around AS p
JOIN polls_around AS b
  ON b.system_id = p.system_id AND b.feed = p.feed AND b.slot > p.basis_slot AND b.slot < p.slot
  AND (b.status = 'ok' OR b.bronze_events > 0 OR (b.status = 'not_modified' AND b.basis_slot <> p.basis_slot))
JOIN day AS d ON d.event_date = p.event_date
WHERE p.status = 'not_modified'
