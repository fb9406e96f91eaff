-- gold.feed_quality_daily of a UTC day: how well each feed of each system was polled, and what it was like.
-- Inputs: polls_around (silver.polls of the settled day before, the day and the settled day after), rejections (rejected records of
-- the day's polls by reason), day_spans (silver.station_status of the day), feeds, day.
-- polls_expected: the polls that fit into the day at the feed's interval, from its first poll ever, if that is on this day, to its
-- last, if nothing came later. A poll counts once, by its first receipt; polls_made are those with a receipt.
-- longest_gap_seconds: the longest time between two polls that observed (ok, not_modified), of which the later is on this day.
-- stations_frozen: observed over 12 hours and in at least half of the polls of the best observed station, without a change after the first
-- observation of the day, while more than half of the system's stations changed (our own rule); null for information.
WITH receipts AS (
  SELECT p.*, d.event_date AS today, unix_millis(p.slot) AS slot_ms, d.start_ms, d.end_ms
  FROM polls_around AS p
  CROSS JOIN day AS d
  WHERE p.status IS NOT NULL
),
bounds AS (
  SELECT system_id, feed,
    CASE WHEN count_if(event_date < today) > 0 THEN max(start_ms) ELSE min(slot_ms) FILTER (WHERE event_date = today) END AS from_ms,
    CASE WHEN count_if(event_date > today) > 0 THEN max(end_ms) END AS until_ms,
    max(slot_ms) FILTER (WHERE event_date = today) AS last_ms
  FROM receipts
  GROUP BY system_id, feed
),
gaps AS (
  SELECT system_id, feed, max(slot_ms - slot_before_ms) AS gap_ms
  FROM (
    SELECT system_id, feed, event_date, today, slot_ms,
      lag(slot_ms) OVER (PARTITION BY system_id, feed ORDER BY slot_ms) AS slot_before_ms
    FROM receipts
    WHERE status IN ('ok', 'not_modified')
  ) AS observing
  WHERE event_date = today
  GROUP BY system_id, feed
),
made AS (
  SELECT system_id, feed, count(*) AS polls_made,
    count_if(status = 'ok') AS polls_ok, count_if(status = 'not_modified') AS polls_not_modified,
    count_if(status = 'failed') AS polls_failed, count_if(status = 'skipped') AS polls_skipped,
    count_if(status = 'breaker_open') AS polls_breaker_open,
    count_if(receipts > 1) AS polls_repeated,
    CAST(sum(fetched) AS BIGINT) AS fetched, CAST(sum(accepted) AS BIGINT) AS accepted,
    CAST(sum(rejected) AS BIGINT) AS rejected, CAST(sum(repeated) AS BIGINT) AS repeated,
    CAST(sum(bytes) AS BIGINT) AS bytes, max(latency_ms) AS latency_max_ms
  FROM receipts
  WHERE event_date = today
  GROUP BY system_id, feed
),
failures AS (
  SELECT system_id, feed, '{' || array_join(array_sort(array_agg(entry)), ',') || '}' AS reasons
  FROM (
    SELECT system_id, feed, '"' || coalesce(reason, status) || '":' || CAST(count(*) AS STRING) AS entry
    FROM receipts
    WHERE event_date = today AND status IN ('failed', 'skipped', 'breaker_open')
    GROUP BY system_id, feed, coalesce(reason, status)
  ) AS counted
  GROUP BY system_id, feed
),
rejects AS (
  SELECT system_id, feed, '{' || array_join(array_sort(array_agg(entry)), ',') || '}' AS reasons
  FROM (
    SELECT system_id, feed, '"' || reason || '":' || CAST(CAST(sum(rejected) AS BIGINT) AS STRING) AS entry
    FROM rejections
    GROUP BY system_id, feed, reason
  ) AS counted
  GROUP BY system_id, feed
),
stations AS (
  SELECT system_id, station_id, sum(observations) AS observations,
    max(unix_millis(last_slot)) - min(unix_millis(valid_from)) AS seen_ms,
    count(*) FILTER (WHERE is_change) AS changes, min_by(is_change, valid_from) AS is_first_change
  FROM day_spans
  GROUP BY system_id, station_id
),
judged AS (
  SELECT system_id,
    changes - CASE WHEN is_first_change THEN 1 ELSE 0 END > 0 AS is_moving,
    seen_ms >= 43200000 AND observations * 2 >= max(observations) OVER (PARTITION BY system_id) AS is_well_observed
  FROM stations
),
frozen AS (
  SELECT system_id,
    CASE WHEN count_if(is_moving) * 2 > count(*) THEN count_if(is_well_observed AND NOT is_moving) ELSE 0 END AS stations_frozen
  FROM judged
  GROUP BY system_id
)
SELECT m.system_id, m.feed,
  CAST(floor((coalesce(b.until_ms, b.last_ms + f.interval_s * 1000) - b.from_ms + f.interval_s * 500) / (f.interval_s * 1000)) AS BIGINT)
    AS polls_expected,
  m.polls_made, m.polls_ok, m.polls_not_modified, m.polls_failed, m.polls_skipped, m.polls_breaker_open, m.polls_repeated,
  x.reasons AS failed_reasons,
  CAST(floor(g.gap_ms / 1000) AS BIGINT) AS longest_gap_seconds,
  m.fetched, m.accepted, m.rejected, m.repeated, r.reasons AS rejected_reasons, m.bytes, m.latency_max_ms,
  CASE WHEN m.feed = 'station_status' THEN coalesce(z.stations_frozen, 0) END AS stations_frozen,
  d.event_date
FROM made AS m
CROSS JOIN day AS d
JOIN bounds AS b ON b.system_id = m.system_id AND b.feed = m.feed
JOIN feeds AS f ON f.system_id = m.system_id AND f.feed = m.feed
LEFT JOIN gaps AS g ON g.system_id = m.system_id AND g.feed = m.feed
LEFT JOIN failures AS x ON x.system_id = m.system_id AND x.feed = m.feed
LEFT JOIN rejects AS r ON r.system_id = m.system_id AND r.feed = m.feed
LEFT JOIN frozen AS z ON z.system_id = m.system_id
ORDER BY m.system_id, m.feed
