/** A stream: where its records go by their hash keys, and how its shards change. */
import { join } from 'node:path';
import { FatalError } from '../../../lib/errors.ts';
import type { Clock } from '../../clock.ts';
import { toAwsError } from '../error.ts';
import type { Faults } from '../faults.ts';
import { hashKeyOf, rangeIndexOf } from './hash.ts';
import { idOf, isAdjacent, middleOf, openShards, Resharding, type ShardEntry } from './lineage.ts';
import { Shard } from './shard.ts';
import type { PutResult, StreamEntry, StreamFacts } from './store.ts';
import { type StoredStream, writeStream } from './stream-file.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Shards that faults make, open or closed, at most: each keeps a file open, and a driven clock lets none leave. */
const SHARDS_BY_FAULTS = 128;
/** Open shards that faults make at most. */
const OPEN_BY_FAULTS = 8;
/** The place of a put in the vocabulary of faults. */
const PUT = 'kinesis.PutRecords';

export class Stream {
  readonly listeners = new Set<() => void>();
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #faults: Faults;
  #stored: StoredStream;
  #open: ShardEntry[] = [];
  readonly #shards = new Map<string, Shard>();

  /** `folder`: of all streams. What `stored` says is in it already. */
  constructor(folder: string, stored: StoredStream, clock: Clock, faults: Faults) {
    this.#folder = folder;
    this.#clock = clock;
    this.#faults = faults;
    this.#stored = stored;
    this.#load();
  }

  get stored(): StoredStream {
    return this.#stored;
  }

  /** The shards in the order in which they were made: parents before their children. */
  entries(): readonly ShardEntry[] {
    this.#expire();
    return this.#stored.shards;
  }

  facts(): StreamFacts {
    const shards = this.entries();
    const { name, created_ms, retention_hours, max_record_kib, scaled_ms } = this.#stored;
    return {
      name,
      created_ms,
      retention_hours,
      max_record_kib,
      scaled_ms,
      shards: shards.map((entry) => {
        const { first, ending } = this.shard(idOf(entry));
        const { range, parents, closed } = entry;
        return { id: idOf(entry), range, parents, first, ending: closed === null ? null : ending };
      }),
    };
  }

  shard(id: string): Shard {
    const shard = this.#shards.get(id);
    if (!shard) throw new FatalError('local', 'no_shard', `stream ${this.#stored.name} has no shard ${id}`);
    shard.trim(this.#horizonMs());
    return shard;
  }

  put(entries: readonly StreamEntry[]): PutResult[] {
    this.#expire();
    const fault = this.#faults.next(PUT, this.#possible());
    if (fault === 'split') this.#splitWidest();
    if (fault === 'merge') this.#mergeNarrowest();
    const arrived_at_ms = this.#clock.now();
    const ranges = this.#open.map(({ range }) => range);
    const placed = entries.map((entry) =>
      rangeIndexOf(
        ranges,
        entry.explicit_hash_key === undefined ? hashKeyOf(entry.partition_key) : BigInt(entry.explicit_hash_key),
      ),
    );
    const results = new Array<PutResult>(entries.length);
    this.#open.forEach((open, index) => {
      const places = [...entries.keys()].filter((i) => placed[i] === index);
      if (places.length === 0) return;
      const own = places.map((i) => entries[i]).filter((entry) => entry !== undefined);
      const added = append(this.shard(idOf(open)), arrived_at_ms, own, fault === 'disk_full');
      for (const [i, result] of added.entries()) results[places[i] ?? 0] = result;
    });
    this.#tell();
    return results;
  }

  /**
   * Changes the settings, or the shards; either is written before it counts. A kill leaves the shards from before or those from after.
   * Records of a put are in a parent or in a child: nothing is between the closing and the opening.
   */
  change(settings: Partial<StoredStream>, reshard?: (resharding: Resharding) => void): void {
    const { shards, next_index } = this.#stored;
    const resharding = new Resharding(shards, next_index, this.#clock.now(), (entry) => {
      const shard = this.shard(idOf(entry));
      shard.mend();
      return shard.next;
    });
    reshard?.(resharding);
    const stored = { ...this.#stored, ...settings, shards: resharding.entries, next_index: resharding.next_index };
    writeStream(this.#folder, stored);
    this.#stored = stored;
    this.#load();
    this.#tell();
  }

  /** Notes a call of UpdateShardCount. */
  scaled(): readonly number[] {
    const now_ms = this.#clock.now();
    return [...this.#stored.scaled_ms.filter((ms) => ms > now_ms - DAY_MS), now_ms];
  }

  close(): void {
    for (const shard of this.#shards.values()) shard.close();
    this.#shards.clear();
  }

  #tell(): void {
    for (const listener of this.listeners) listener();
  }

  #load(): void {
    const { name, shards, created_ms } = this.#stored;
    for (const entry of shards) {
      const id = idOf(entry);
      if (this.#shards.has(id)) continue;
      const numbering = { created_ms, shard_index: entry.index, base: entry.base };
      const shard = new Shard(join(this.#folder, name, id), id, numbering);
      this.#shards.set(id, shard);
      if (entry.closed === null || entry.closed.next === shard.next) continue;
      throw new FatalError(
        'local',
        'segment_damaged',
        `shard ${id} in ${join(this.#folder, name)} was closed with ${entry.closed.next - entry.base} records, and has ${shard.next - entry.base}: restore it from a copy, or start with another --dir`,
      );
    }
    this.#open = openShards(shards);
  }

  #horizonMs(): number {
    return this.#clock.now() - this.#stored.retention_hours * HOUR_MS;
  }

  /** A closed shard leaves the stream when its last record is beyond the retention (developer guide: its state is EXPIRED then). */
  #expire(): void {
    const horizon_ms = this.#horizonMs();
    const isGone = ({ closed }: ShardEntry): boolean => closed !== null && closed.at_ms < horizon_ms;
    const gone = this.#stored.shards.filter(isGone);
    if (gone.length === 0) return;
    const stored = { ...this.#stored, shards: this.#stored.shards.filter((entry) => !isGone(entry)) };
    writeStream(this.#folder, stored);
    this.#stored = stored;
    for (const entry of gone) {
      this.#shards.get(idOf(entry))?.remove();
      this.#shards.delete(idOf(entry));
    }
  }

  #possible(): readonly ('split' | 'merge' | 'disk_full')[] {
    const room = this.#stored.shards.length < SHARDS_BY_FAULTS;
    const split = room && this.#open.length < OPEN_BY_FAULTS;
    const merge = room && this.#open.length > 1;
    return [...(split ? (['split'] as const) : []), ...(merge ? (['merge'] as const) : []), 'disk_full'];
  }

  #splitWidest(): void {
    const widest = this.#open.toSorted((a, b) => Number(widthOf(b) - widthOf(a)))[0];
    const middle = widest && middleOf(widest.range);
    if (widest && middle) this.change({}, (resharding) => resharding.split(widest, middle));
  }

  #mergeNarrowest(): void {
    const pairs = this.#open.flatMap((left, i): [ShardEntry, ShardEntry][] => {
      const right = this.#open[i + 1];
      return right && isAdjacent(left, right) ? [[left, right]] : [];
    });
    const pair = pairs.toSorted((a, b) => Number(widthOf(...a) - widthOf(...b)))[0];
    if (pair) this.change({}, (resharding) => resharding.merge(...pair));
  }
}

const widthOf = (...entries: readonly ShardEntry[]): bigint =>
  entries.reduce((sum, { range }) => sum + range.end - range.start, 0n);

/** All entries of a shard are written or none; the other shards of the put are no part of its failure. */
function append(shard: Shard, arrived_at_ms: number, entries: readonly StreamEntry[], is_full: boolean): PutResult[] {
  try {
    const frames = entries.map(({ partition_key, data }) => ({ arrived_at_ms, partition_key, data }));
    return shard.append(frames, is_full).map((sequence_number) => ({ shard_id: shard.id, sequence_number }));
  } catch (thrown) {
    const { code: error_code, message: error_message } = toAwsError(thrown, 'kinesis', 'InternalFailure');
    return entries.map(() => ({ error_code, error_message }));
  }
}
