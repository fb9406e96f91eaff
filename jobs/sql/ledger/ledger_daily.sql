-- gold.ledger_daily of a UTC day: the counts of each system and feed at the hops from poll to Bronze (architecture.md, "The ledger").
-- Inputs: day_polls (silver.polls of the day), day.
SELECT p.system_id, p.feed,
  count_if(p.status IS NOT NULL) AS polls,
  count_if(p.status IS NULL) AS polls_without_receipt,
  CAST(coalesce(sum(p.fetched), 0) AS BIGINT) AS fetched, CAST(coalesce(sum(p.accepted), 0) AS BIGINT) AS accepted,
  CAST(coalesce(sum(p.rejected), 0) AS BIGINT) AS rejected, CAST(coalesce(sum(p.repeated), 0) AS BIGINT) AS repeated,
  CAST(sum(p.bronze_rows) AS BIGINT) AS bronze_rows, CAST(sum(p.bronze_events) AS BIGINT) AS bronze_events,
  CAST(sum(p.receipt_difference) AS BIGINT) AS receipt_difference,
  CAST(sum(p.bronze_difference) AS BIGINT) AS bronze_difference,
  any_value(d.event_date) AS event_date
FROM day_polls AS p
CROSS JOIN day AS d
GROUP BY p.system_id, p.feed
ORDER BY p.system_id, p.feed
