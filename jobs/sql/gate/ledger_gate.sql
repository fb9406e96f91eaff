-- The ledger gate: may the day be settled? One row; verdict is closed, open, or overdue: open, and waited for long enough.
-- Inputs: bronze_all (the rows that arrived from the day's beginning on), poll_groups (group_id of the plan's poll groups), day, clock (now_ms).
-- Closed: a receipt of every group from after the day is in Bronze, and no receipt of the day has more accepted than there are events of
-- its fetch. A poll that a schedule fired twice is two fetches, known by fetched_at, each with a receipt of its own. Events without a
-- receipt, or more of them than were accepted, keep nothing open: waiting changes neither, and the ledger names both.
-- events counts lines, not stations, and needs no set of them in memory: an entry's lines are numbered without a hole, and a record is
-- delivered as a whole, perhaps twice. Reloads are not looked at: their rows stand beside what was polled.
-- overdue: two hours and ten minutes after the day (architecture.md, "Settle": after two hours it is settled, and marked incomplete).
WITH entries AS (
  SELECT CASE WHEN kind = 'receipt' THEN feed ELSE 'station_' || kind END AS poll_feed, system_id, slot_ms, fetched_at_ms,
    max(group_id) AS group_id, max(accepted) AS accepted,
    CASE WHEN kind = 'receipt' THEN 0 ELSE least(max(line) - min(line) + 1, count(*)) END AS events
  FROM bronze_all
  GROUP BY kind, feed, system_id, slot_ms, fetched_at_ms, part, shard_id, sequence_number
),
fetches AS (
  SELECT poll_feed, system_id, slot_ms, fetched_at_ms, max(group_id) AS group_id, max(accepted) AS accepted, sum(events) AS events
  FROM entries
  GROUP BY poll_feed, system_id, slot_ms, fetched_at_ms
),
seen AS (
  SELECT count(DISTINCT CASE WHEN f.slot_ms >= d.end_ms THEN g.group_id END) AS groups_after,
    count(CASE WHEN f.slot_ms >= d.start_ms AND f.slot_ms < d.end_ms AND f.accepted > f.events THEN 1 END) AS polls_open
  FROM fetches AS f
  CROSS JOIN day AS d
  LEFT JOIN poll_groups AS g ON g.group_id = f.group_id
),
planned AS (
  SELECT count(*) AS groups_planned
  FROM poll_groups
)
SELECT
  CASE WHEN s.groups_after = p.groups_planned AND s.polls_open = 0 THEN 'closed'
    WHEN c.now_ms >= d.end_ms + 7800000 THEN 'overdue'
    ELSE 'open' END AS verdict,
  p.groups_planned, s.groups_after, s.polls_open
FROM seen AS s
CROSS JOIN planned AS p
CROSS JOIN day AS d
CROSS JOIN clock AS c
