-- The newest slot of which settled days have a receipt, by poll group.
-- Inputs: later_polls (silver.polls of the days after the first one that the gate is asked of).
SELECT group_id, max(unix_millis(slot)) AS slot_ms
FROM later_polls
WHERE group_id IS NOT NULL
GROUP BY group_id
