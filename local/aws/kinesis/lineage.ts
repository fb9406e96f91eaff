/**
 * The shards of a stream with their descent, and how resharding changes them: parents close, children open, nothing moves
 * (Kinesis developer guide, "Complete the resharding action"). Pure: what comes out is written as a whole, or not at all.
 */
import { type HashRange, toHashRanges } from './hash.ts';

/** A shard as the stream's file keeps it. */
export interface ShardEntry {
  /** Never used again in the stream, also when the shard has left it. */
  readonly index: number;
  readonly range: HashRange;
  /** Ids; none: made with the stream. Two: merged, the adjacent one second. */
  readonly parents: readonly string[];
  /** The number of its first record. */
  readonly base: number;
  /** When it was closed, and the number after its last record; null: open. */
  readonly closed: { readonly at_ms: number; readonly next: number } | null;
}

export const shardIdOf = (index: number): string => `shardId-${String(index).padStart(12, '0')}`;

export const idOf = (entry: ShardEntry): string => shardIdOf(entry.index);

/** The shards of a new stream. */
export const firstShards = (count: number): ShardEntry[] =>
  toHashRanges(count).map((range, index) => ({ index, range, parents: [], base: 0, closed: null }));

export const openShards = (entries: readonly ShardEntry[]): ShardEntry[] =>
  entries.filter((entry) => entry.closed === null).sort((a, b) => (a.range.start < b.range.start ? -1 : 1));

export const isAdjacent = (left: ShardEntry, right: ShardEntry): boolean => left.range.end + 1n === right.range.start;

/** The middle of a range; null where it is too small to be split (see `SplitShard`). */
export function middleOf({ start, end }: HashRange): bigint | null {
  const middle = (start + end + 1n) / 2n;
  return middle > start + 1n && middle < end ? middle : null;
}

/** A change of shards, step by step; `entries` is the stream as it is after the steps so far. */
export class Resharding {
  readonly entries: ShardEntry[];
  #next_index: number;
  readonly #first_new: number;
  readonly #now_ms: number;
  /** The number after the last record of an open shard. */
  readonly #nextOf: (entry: ShardEntry) => number;

  constructor(
    entries: readonly ShardEntry[],
    next_index: number,
    now_ms: number,
    nextOf: (entry: ShardEntry) => number,
  ) {
    this.entries = [...entries];
    this.#next_index = next_index;
    this.#first_new = next_index;
    this.#now_ms = now_ms;
    this.#nextOf = nextOf;
  }

  get next_index(): number {
    return this.#next_index;
  }

  /** `at`: the first hash key of the upper child. */
  split(parent: ShardEntry, at: bigint): void {
    const { start, end } = parent.range;
    this.#replace([parent], [{ start, end: at - 1n }, { start: at, end }]); // biome-ignore format: two ranges
  }

  merge(shard: ShardEntry, adjacent: ShardEntry): void {
    const [low, high] = shard.range.start < adjacent.range.start ? [shard, adjacent] : [adjacent, shard];
    this.#replace([shard, adjacent], [{ start: low.range.start, end: high.range.end }]);
  }

  /**
   * Shards of equal size by splits and merges of single shards, as UpdateShardCount does it; shards that live only in between
   * stay in the list, closed (API reference: "This can cause short-lived shards to be created").
   */
  uniform(count: number): void {
    const targets = toHashRanges(count);
    for (const { start } of targets) {
      const across = openShards(this.entries).find(({ range }) => range.start < start && start <= range.end);
      if (across) this.split(across, start);
    }
    for (const target of targets) {
      for (;;) {
        const inside = openShards(this.entries).filter(
          ({ range }) => target.start <= range.start && range.end <= target.end,
        );
        const [first, second] = inside;
        if (first === undefined || second === undefined) break;
        this.merge(first, second);
      }
    }
  }

  #replace(parents: readonly ShardEntry[], ranges: readonly HashRange[]): void {
    const closed = parents.map((parent) => ({
      ...parent,
      closed: { at_ms: this.#now_ms, next: this.#isNew(parent) ? parent.base : this.#nextOf(parent) },
    }));
    for (const parent of closed) this.entries[this.entries.findIndex(({ index }) => index === parent.index)] = parent;
    // One number is left out: it is the parent's EndingSequenceNumber, which no record has.
    const base = Math.max(...closed.map((parent) => parent.closed.next)) + 1;
    const ids = parents.map(idOf);
    for (const range of ranges) {
      this.entries.push({ index: this.#next_index, range, parents: ids, base, closed: null });
      this.#next_index += 1;
    }
  }

  /** Made by an earlier step of this change: it has no records. */
  #isNew(entry: ShardEntry): boolean {
    return entry.index >= this.#first_new;
  }
}
