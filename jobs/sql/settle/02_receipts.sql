-- The receipts of the window, without Firehose's duplicates. receipt_no 1 is the one that counts for its poll (system, feed, slot):
-- the first in stream order. Where rejected input was brought back (requeue), its receipt takes the place of the poll's: the one that
-- leaves the fewest rejected, as each later one knows of more that was accepted.
-- Inputs: bronze_window.
SELECT *,
  row_number() OVER (
    PARTITION BY system_id, feed, slot_ms
    ORDER BY CASE WHEN is_requeued THEN 0 ELSE 1 END, CASE WHEN is_requeued THEN rejected ELSE 0 END,
      length(sequence_number), sequence_number, shard_id, line
  ) AS receipt_no
FROM (
  SELECT DISTINCT system_id, feed, slot_ms, group_id, status, reason, http_code, fetched, accepted, rejected, repeated,
    rejected_reasons, bytes, latency_ms, fetched_at_ms, feed_updated_ms, basis_slot_ms, shard_id, sequence_number, line,
    split_part(shard_id, '@', 1) = 'requeue' AS is_requeued
  FROM bronze_window
  WHERE kind = 'receipt'
) AS receipt_lines
