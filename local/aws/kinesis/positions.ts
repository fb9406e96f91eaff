import type { KinesisStore, ShardState } from './store.ts';

/** Where a consumer of a stream is: shard → sequence number of the last record that it has done; null: none yet, from the oldest. */
export type Positions = Record<string, string | null>;

/**
 * The positions that a consumer begins with: those that it kept, else by where it is to start. A shard that was made after the consumer is always
 * read from its beginning, also by one that started at the newest record: what went into the parent before goes into the child now.
 */
export function startPositions(
  kinesis: Pick<KinesisStore, 'shards' | 'last'>,
  stream: string,
  kept: Positions | undefined,
  start: 'TRIM_HORIZON' | 'LATEST',
): Positions {
  const shards = kinesis.shards(stream);
  if (kept !== undefined) return positionsOf(shards, kept);
  const newest = (id: string): string | null => (start === 'LATEST' ? (kinesis.last(stream, id) ?? null) : null);
  return Object.fromEntries(shards.map(({ id }) => [id, newest(id)]));
}

/** The same positions for the shards that there are now: without those that have expired, and with new ones from their beginning. */
export const positionsOf = (shards: readonly ShardState[], positions: Positions): Positions =>
  Object.fromEntries(shards.map(({ id }) => [id, positions[id] ?? null]));

/** A shard that is closed, and read to its end. */
export const isThrough = (
  kinesis: Pick<KinesisStore, 'pending'>,
  stream: string,
  shard: ShardState,
  position: string | null | undefined,
): boolean => shard.closed && kinesis.pending(stream, shard.id, position ?? undefined).records === 0;
