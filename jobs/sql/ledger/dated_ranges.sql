-- batch_ranges with the date of the folder that each batch lies in: the date of the chain.
-- Inputs: log_batches (rows of kind batch of the Silver log, with chain_date).
SELECT lane, shard_id, lpad(first_sequence, 128, '0') AS first_sequence, lpad(last_sequence, 128, '0') AS last_sequence,
  fresh + unchanged + duplicate + late AS events, chain_date
FROM log_batches
