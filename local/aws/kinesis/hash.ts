/** Which shard a partition key belongs to: its MD5 as a 128-bit number lies in the hash key range of one shard. */
import { hash } from 'node:crypto';

export const HASH_KEYS = 1n << 128n;

export interface HashRange {
  readonly start: bigint;
  /** Inclusive. */
  readonly end: bigint;
}

/** The ranges of a stream that is created with `shards` shards. */
export function toHashRanges(shards: number): HashRange[] {
  const width = HASH_KEYS / BigInt(shards);
  return Array.from({ length: shards }, (_, i) => ({
    start: BigInt(i) * width,
    end: i === shards - 1 ? HASH_KEYS - 1n : BigInt(i + 1) * width - 1n,
  }));
}

export const hashKeyOf = (partition_key: string): bigint => BigInt(`0x${hash('md5', partition_key)}`);

/** The index of the range that holds the key. */
export const rangeIndexOf = (ranges: readonly HashRange[], key: bigint): number =>
  ranges.findIndex((range) => key <= range.end);
