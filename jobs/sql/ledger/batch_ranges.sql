-- What the batches of the log consumed, as ranges of sequence numbers of a lane and shard.
-- Inputs: log_batches (rows of kind batch of the Silver log).
-- Sequence numbers have up to 56 digits and are compared as text of one length.
SELECT lane, shard_id, lpad(first_sequence, 128, '0') AS first_sequence, lpad(last_sequence, 128, '0') AS last_sequence,
  fresh + unchanged + duplicate + late AS events
FROM log_batches
