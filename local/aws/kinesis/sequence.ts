/**
 * Sequence numbers: 56 digits, so that they order as text, like those of Kinesis: a prefix of the stream, the record's number in its
 * shard, the shard. A child's numbers go on after those of its parents (`base`), so they are larger than all of them: the records of a
 * partition key are in order of their numbers over any number of reshards, as in Kinesis, whose numbers begin with the time when the
 * shard was made. `settle/01_records.sql` and `ledger/outsiders.sql` order the records of a lane so. Between shards that don't descend from each
 * other the order means nothing.
 */
const VERSION = '49';
const EPOCH_DIGITS = 14;
const COUNT_DIGITS = 30;
const SHARD_DIGITS = 10;

export interface ShardNumbering {
  /** When the stream was created: tells a stream from an earlier one of the same name. */
  readonly created_ms: number;
  readonly shard_index: number;
  /** The number of the shard's first record; 0 without parents. */
  readonly base?: number;
}

const pad = (n: number, digits: number): string => String(n).padStart(digits, '0');
const prefixOf = (numbering: ShardNumbering): string => VERSION + pad(numbering.created_ms, EPOCH_DIGITS);
const suffixOf = (numbering: ShardNumbering): string => pad(numbering.shard_index, SHARD_DIGITS);

/** `count`: the record's number in its shard; the first has `base`. */
export const toSequenceNumber = (numbering: ShardNumbering, count: number): string =>
  prefixOf(numbering) + pad(count, COUNT_DIGITS) + suffixOf(numbering);

/** The record's number in its shard; undefined where the number isn't one of this shard. */
export function countOf(numbering: ShardNumbering, sequence_number: string): number | undefined {
  const prefix = prefixOf(numbering);
  const count = Number(sequence_number.slice(prefix.length, prefix.length + COUNT_DIGITS));
  if (!Number.isSafeInteger(count) || count < (numbering.base ?? 0)) return undefined;
  return toSequenceNumber(numbering, count) === sequence_number ? count : undefined;
}
