-- silver.polls of the day: one row for each poll (system, feed, slot), with the receipt that counts and what Bronze has of it.
-- Also a row where there are events and no receipt; its receipt columns are null.
-- Inputs: receipts, fetches, bronze_window, feeds, day.
-- receipt_difference: |fetched - accepted - rejected - repeated|. bronze_difference: accepted against the distinct events of the
-- slot (architecture.md, "The ledger"). A schedule fires twice now and then: then both polls may have left chunks, and each must
-- agree with its own, known by fetched_at. A receipt that came again, because it was put twice or redriven, is the same poll.
-- receipts: those of polls; one that a requeue left stands in the place of another.
WITH fetched_once AS (
  SELECT kind, system_id, slot_ms, CAST(sum(rows_in_bronze) AS BIGINT) AS rows_in_bronze, max(events) AS events,
    count(*) AS fetches
  FROM fetches
  GROUP BY kind, system_id, slot_ms
),
fetched_twice AS (
  SELECT w.kind, w.system_id, w.slot_ms, count(DISTINCT w.station_id) AS events
  FROM bronze_window AS w
  JOIN fetched_once AS o ON o.kind = w.kind AND o.system_id = w.system_id AND o.slot_ms = w.slot_ms AND o.fetches > 1
  GROUP BY w.kind, w.system_id, w.slot_ms
),
arrived AS (
  SELECT f.feed, o.system_id, o.slot_ms, o.rows_in_bronze, coalesce(t.events, o.events) AS events
  FROM fetched_once AS o
  JOIN feeds AS f ON f.kind = o.kind AND f.system_id = o.system_id
  LEFT JOIN fetched_twice AS t ON t.kind = o.kind AND t.system_id = o.system_id AND t.slot_ms = o.slot_ms
),
receipts_in_day AS (
  SELECT r.*
  FROM receipts AS r
  CROSS JOIN day AS d
  WHERE r.slot_ms >= d.start_ms AND r.slot_ms < d.end_ms
),
receipt_counts AS (
  SELECT system_id, feed, slot_ms, count(DISTINCT CASE WHEN NOT is_requeued THEN fetched_at_ms END) AS receipts
  FROM receipts_in_day
  GROUP BY system_id, feed, slot_ms
),
by_fetch AS (
  SELECT system_id, feed, slot_ms, abs(sum(accepted) - sum(events)) AS difference
  FROM (
    SELECT system_id, feed, slot_ms, fetched_at_ms, max(accepted) AS accepted, 0 AS events
    FROM receipts_in_day
    GROUP BY system_id, feed, slot_ms, fetched_at_ms
    UNION ALL
    SELECT o.system_id, f.feed, o.slot_ms, o.fetched_at_ms, 0 AS accepted, o.events
    FROM fetches AS o
    JOIN feeds AS f ON f.kind = o.kind AND f.system_id = o.system_id
  ) AS sides
  GROUP BY system_id, feed, slot_ms, fetched_at_ms
),
by_poll AS (
  SELECT system_id, feed, slot_ms, CAST(sum(difference) AS BIGINT) AS difference
  FROM by_fetch
  GROUP BY system_id, feed, slot_ms
)
SELECT b.system_id, b.feed, timestamp_millis(b.slot_ms) AS slot, r.group_id, r.status, r.reason, r.http_code,
  r.fetched, r.accepted, r.rejected, r.repeated, r.rejected_reasons, r.bytes, r.latency_ms,
  timestamp_millis(r.fetched_at_ms) AS fetched_at, timestamp_millis(r.feed_updated_ms) AS feed_updated,
  timestamp_millis(r.basis_slot_ms) AS basis_slot,
  coalesce(c.receipts, 0) AS receipts,
  coalesce(a.rows_in_bronze, 0) AS bronze_rows,
  coalesce(a.events, 0) AS bronze_events,
  CAST(abs(coalesce(r.fetched, 0) - coalesce(r.accepted, 0) - coalesce(r.rejected, 0) - coalesce(r.repeated, 0)) AS BIGINT)
    AS receipt_difference,
  CAST(least(abs(coalesce(r.accepted, 0) - coalesce(a.events, 0)), b.difference) AS BIGINT) AS bronze_difference,
  d.event_date
FROM by_poll AS b
CROSS JOIN day AS d
LEFT JOIN receipts_in_day AS r
  ON r.system_id = b.system_id AND r.feed = b.feed AND r.slot_ms = b.slot_ms AND r.receipt_no = 1
LEFT JOIN receipt_counts AS c ON c.system_id = b.system_id AND c.feed = b.feed AND c.slot_ms = b.slot_ms
LEFT JOIN arrived AS a ON a.system_id = b.system_id AND a.feed = b.feed AND a.slot_ms = b.slot_ms
ORDER BY b.system_id, b.feed, slot
