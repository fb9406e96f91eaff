-- gold.feed_quality: can a day of a feed be trusted? Shares are of 1, null where there is nothing to divide by.
-- Inputs: quality (gold.feed_quality_daily).
SELECT system_id, feed, event_date, polls_expected, polls_made,
  CAST(polls_made AS DOUBLE) / nullif(polls_expected, 0) AS made_share,
  CAST(polls_ok + polls_not_modified AS DOUBLE) / nullif(polls_made, 0) AS observed_share,
  polls_failed + polls_skipped + polls_breaker_open AS polls_without_observation, failed_reasons,
  longest_gap_seconds, fetched, accepted,
  CAST(rejected AS DOUBLE) / nullif(fetched, 0) AS rejected_share, rejected_reasons, stations_frozen
FROM quality
