/** The streams of the embedded Kinesis, kept under `<dir>/kinesis/<stream>/`: `stream.json`, and a folder of files for each shard. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '../../../lib/errors.ts';
import type { Clock } from '../../clock.ts';
import { type Faults, NO_FAULTS } from '../faults.ts';
import type { HashRange } from './hash.ts';
import { firstShards, idOf, openShards, type ShardEntry } from './lineage.ts';
import type { Position, Shard, StreamRecord } from './shard.ts';
import { Stream } from './stream.ts';
import { readStream, writeStream } from './stream-file.ts';

export type { Position, StreamRecord } from './shard.ts';

const DEFAULT_RECORD_KIB = 1024;

export interface StreamSettings {
  readonly name: string;
  readonly shards: number;
  readonly retention_hours: number;
  /** Kinesis takes records up to 1 MiB unless the stream says more, up to 10 MiB (API reference, UpdateMaxRecordSize). */
  readonly max_record_kib?: number;
}

export interface ShardFacts {
  readonly id: string;
  readonly range: HashRange;
  /** Two: merged, the adjacent one second. */
  readonly parents: readonly string[];
  /** The sequence number that the shard begins with. */
  readonly first: string;
  /** A number beyond its last record's; null: open. */
  readonly ending: string | null;
}

export interface StreamFacts {
  readonly name: string;
  readonly created_ms: number;
  readonly retention_hours: number;
  readonly max_record_kib: number;
  readonly shards: readonly ShardFacts[];
  /** When UpdateShardCount was called, within the last day. */
  readonly scaled_ms: readonly number[];
}

export interface StreamEntry {
  readonly partition_key: string;
  /** Decimal; in place of the MD5 of the partition key. */
  readonly explicit_hash_key?: string;
  readonly data: Buffer;
}

export type PutResult =
  | { readonly shard_id: string; readonly sequence_number: string }
  | { readonly error_code: string; readonly error_message: string };

/** What a consumer needs to know to read the shards in order. */
export interface ShardState {
  readonly id: string;
  /** Those that aren't listed any more have expired. */
  readonly parents: readonly string[];
  /** No further record comes. */
  readonly closed: boolean;
}

export class KinesisStore {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #faults: Faults;
  readonly #streams = new Map<string, Stream>();

  private constructor(folder: string, clock: Clock, faults: Faults) {
    this.#folder = folder;
    this.#clock = clock;
    this.#faults = faults;
  }

  /** `dir`: the state folder. The streams that an earlier run made are there again. */
  static async open(dir: string, clock: Clock, faults: Faults = NO_FAULTS): Promise<KinesisStore> {
    const store = new KinesisStore(join(dir, 'kinesis'), clock, faults);
    mkdirSync(store.#folder, { recursive: true });
    for (const name of readdirSync(store.#folder).sort()) {
      const stored = readStream(store.#folder, name);
      if (stored) store.#streams.set(name, new Stream(store.#folder, stored, clock, faults));
    }
    return store;
  }

  /** Makes the stream, or takes over what exists with its records; with another number of open shards it is resharded. */
  async createStream({ shards, ...settings }: StreamSettings): Promise<void> {
    const max_record_kib = settings.max_record_kib ?? DEFAULT_RECORD_KIB;
    const existing = this.#streams.get(settings.name);
    if (existing) {
      const isRight = openShards(existing.entries()).length === shards;
      existing.change({ ...settings, max_record_kib }, (resharding) => !isRight && resharding.uniform(shards));
      return;
    }
    const stored = {
      ...settings,
      max_record_kib,
      created_ms: this.#clock.now(),
      next_index: shards,
      shards: firstShards(shards),
      scaled_ms: [],
    };
    writeStream(this.#folder, stored);
    this.#streams.set(settings.name, new Stream(this.#folder, stored, this.#clock, this.#faults));
  }

  /** Closes a shard and opens two; `at` is the first hash key of the upper one, inside the shard's range. Durable as a whole when it returns. */
  splitShard(name: string, shard_id: string, at: bigint): void {
    const parent = this.#entry(name, shard_id);
    this.#stream(name).change({}, (resharding) => resharding.split(parent, at));
  }

  /** Closes two shards that lie side by side, and opens one. */
  mergeShards(name: string, shard_id: string, adjacent_id: string): void {
    const [shard, adjacent] = [this.#entry(name, shard_id), this.#entry(name, adjacent_id)];
    this.#stream(name).change({}, (resharding) => resharding.merge(shard, adjacent));
  }

  /** Splits and merges until there are `count` open shards of equal size. */
  updateShardCount(name: string, count: number): void {
    const stream = this.#stream(name);
    stream.change({ scaled_ms: stream.scaled() }, (resharding) => resharding.uniform(count));
  }

  streamNames(): string[] {
    return [...this.#streams.keys()].sort();
  }

  shardIds(name: string): string[] {
    return this.#stream(name).entries().map(idOf);
  }

  /** The shards in the order in which they were made: parents before their children. */
  shards(name: string): ShardState[] {
    const entries = this.#stream(name).entries();
    return entries.map((entry) => ({ id: idOf(entry), parents: entry.parents, closed: entry.closed !== null }));
  }

  has(name: string): boolean {
    return this.#streams.has(name);
  }

  /** What the Describe operations answer. */
  facts(name: string): StreamFacts {
    return this.#stream(name).facts();
  }

  /** Resolves when the records are durable against a killed process (not against a power cut). Within a shard the order of `entries` is kept. */
  async put(name: string, entries: readonly StreamEntry[]): Promise<PutResult[]> {
    return this.#stream(name).put(entries);
  }

  /** Up to `limit.records` records and `limit.bytes` of their data, at least one if there is one beyond the position. */
  async read(
    name: string,
    shard_id: string,
    from: Position,
    limit: { readonly records: number; readonly bytes: number },
  ): Promise<StreamRecord[]> {
    return this.#shard(name, shard_id).read(from, limit);
  }

  /** The newest sequence number of the shard; undefined where it never had a record. */
  last(name: string, shard_id: string): string | undefined {
    return this.#shard(name, shard_id).last;
  }

  /** How many records, and bytes of their data, lie beyond a position; `undefined`: from the oldest kept. */
  pending(name: string, shard_id: string, after: string | undefined): { records: number; bytes: number } {
    return this.#shard(name, shard_id).pending(after);
  }

  /** Nothing lies beyond the position now. */
  isAtEnd(name: string, shard_id: string, position: Position): boolean {
    return this.#shard(name, shard_id).isAtEnd(position);
  }

  /** The position before the first record that arrived at `time_ms` or later. */
  positionAt(name: string, shard_id: string, time_ms: number): Position {
    return this.#shard(name, shard_id).positionAt(time_ms);
  }

  isSequenceNumber(name: string, shard_id: string, sequence_number: string): boolean {
    return this.#shard(name, shard_id).isSequenceNumber(sequence_number);
  }

  /** `listener` is called after records arrived or shards changed, in the turn of the put: it must be short. Answers how to end it. */
  subscribe(name: string, listener: () => void): () => void {
    const { listeners } = this.#stream(name);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  async close(): Promise<void> {
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
  }

  #stream(name: string): Stream {
    const stream = this.#streams.get(name);
    if (!stream) throw new FatalError('local', 'no_stream', `no stream is called ${name} in ${this.#folder}`);
    return stream;
  }

  #shard(name: string, shard_id: string): Shard {
    return this.#stream(name).shard(shard_id);
  }

  #entry(name: string, shard_id: string): ShardEntry {
    const entry = this.#stream(name)
      .entries()
      .find((shard) => idOf(shard) === shard_id && shard.closed === null);
    if (!entry) throw new FatalError('local', 'no_shard', `stream ${name} has no open shard ${shard_id}`);
    return entry;
  }
}
