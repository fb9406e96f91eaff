/** The streams of the embedded Kinesis, kept under `<dir>/kinesis/<stream>/`: `stream.json`, and a folder of files for each shard. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '../../../lib/errors.ts';
import type { Clock } from '../../clock.ts';
import { toAwsError } from '../error.ts';
import { StateFile } from '../state-file.ts';
import { type HashRange, hashKeyOf, rangeIndexOf, toHashRanges } from './hash.ts';
import { type Position, Shard, type StreamRecord } from './shard.ts';

export type { Position, StreamRecord } from './shard.ts';

const HOUR_MS = 3_600_000;
const DEFAULT_RECORD_KIB = 1024;

export interface StreamSettings {
  readonly name: string;
  readonly shards: number;
  readonly retention_hours: number;
  /** Kinesis takes records up to 1 MiB unless the stream says more, up to 10 MiB (API reference, UpdateMaxRecordSize). */
  readonly max_record_kib?: number;
}

export interface StreamFacts {
  readonly name: string;
  readonly created_ms: number;
  readonly retention_hours: number;
  readonly max_record_kib: number;
  readonly shards: readonly { readonly id: string; readonly range: HashRange; readonly first: string }[];
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

interface Stored {
  readonly format: 1;
  readonly name: string;
  readonly shards: number;
  readonly retention_hours: number;
  readonly max_record_kib: number;
  readonly created_ms: number;
}

interface Stream {
  stored: Stored;
  readonly ranges: readonly HashRange[];
  readonly shards: readonly Shard[];
  readonly listeners: Set<() => void>;
}

export class KinesisStore {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #streams = new Map<string, Stream>();

  private constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /** `dir`: the state folder. The streams that an earlier run made are there again. */
  static async open(dir: string, clock: Clock): Promise<KinesisStore> {
    const store = new KinesisStore(join(dir, 'kinesis'), clock);
    mkdirSync(store.#folder, { recursive: true });
    for (const name of readdirSync(store.#folder).sort()) {
      const stored = readStored(store.#folder, name);
      if (stored) store.#load(stored);
    }
    return store;
  }

  /** Makes the stream, or takes over what exists with its records; the number of shards can't change. */
  async createStream(settings: StreamSettings): Promise<void> {
    const max_record_kib = settings.max_record_kib ?? DEFAULT_RECORD_KIB;
    const existing = this.#streams.get(settings.name);
    if (existing && existing.stored.shards !== settings.shards)
      throw new FatalError(
        'local',
        'shards_changed',
        `stream ${settings.name} has ${existing.stored.shards} shards in ${this.#folder}, and the template says ${settings.shards}: the embedded Kinesis can't reshard; start with another --dir`,
      );
    const created_ms = existing?.stored.created_ms ?? this.#clock.now();
    const stored: Stored = { format: 1, created_ms, ...settings, max_record_kib };
    fileOf(this.#folder, settings.name).write(stored);
    if (existing) existing.stored = stored;
    else this.#load(stored);
  }

  streamNames(): string[] {
    return [...this.#streams.keys()].sort();
  }

  shardIds(name: string): string[] {
    return this.#stream(name).shards.map((shard) => shard.id);
  }

  has(name: string): boolean {
    return this.#streams.has(name);
  }

  /** What the Describe operations answer. `first`: the sequence number that the shard begins with. */
  facts(name: string): StreamFacts {
    const { stored, shards, ranges } = this.#trimmed(name);
    return {
      name,
      created_ms: stored.created_ms,
      retention_hours: stored.retention_hours,
      max_record_kib: stored.max_record_kib,
      shards: shards.map((shard, i) => ({
        id: shard.id,
        range: ranges[i] ?? { start: 0n, end: 0n },
        first: shard.first,
      })),
    };
  }

  /** Resolves when the records are durable against a killed process (not against a power cut). Within a shard the order of `entries` is kept. */
  async put(name: string, entries: readonly StreamEntry[]): Promise<PutResult[]> {
    const stream = this.#trimmed(name);
    const arrived_at_ms = this.#clock.now();
    const placed = entries.map((entry) =>
      rangeIndexOf(
        stream.ranges,
        entry.explicit_hash_key === undefined ? hashKeyOf(entry.partition_key) : BigInt(entry.explicit_hash_key),
      ),
    );
    const results = new Array<PutResult>(entries.length);
    stream.shards.forEach((shard, index) => {
      const places = [...entries.keys()].filter((i) => placed[i] === index);
      if (places.length === 0) return;
      const frames = places.map((i) => entries[i]).filter((entry) => entry !== undefined);
      for (const [i, result] of append(shard, arrived_at_ms, frames).entries()) results[places[i] ?? 0] = result;
    });
    for (const listener of stream.listeners) listener();
    return results;
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

  /** The position before the first record that arrived at `time_ms` or later. */
  positionAt(name: string, shard_id: string, time_ms: number): Position {
    return this.#shard(name, shard_id).positionAt(time_ms);
  }

  isSequenceNumber(name: string, shard_id: string, sequence_number: string): boolean {
    return this.#shard(name, shard_id).isSequenceNumber(sequence_number);
  }

  /** `listener` is called after records arrived, in the turn of the put: it must be short. Answers how to end it. */
  subscribe(name: string, listener: () => void): () => void {
    const { listeners } = this.#stream(name);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  async close(): Promise<void> {
    for (const stream of this.#streams.values()) for (const shard of stream.shards) shard.close();
    this.#streams.clear();
  }

  #stream(name: string): Stream {
    const stream = this.#streams.get(name);
    if (!stream) throw new FatalError('local', 'no_stream', `no stream is called ${name} in ${this.#folder}`);
    return stream;
  }

  #trimmed(name: string): Stream {
    const stream = this.#stream(name);
    const horizon_ms = this.#clock.now() - stream.stored.retention_hours * HOUR_MS;
    for (const shard of stream.shards) shard.trim(horizon_ms);
    return stream;
  }

  #shard(name: string, shard_id: string): Shard {
    const shard = this.#trimmed(name).shards.find((s) => s.id === shard_id);
    if (!shard) throw new FatalError('local', 'no_shard', `stream ${name} has no shard ${shard_id}`);
    return shard;
  }

  #load(stored: Stored): void {
    const folder = join(this.#folder, stored.name);
    this.#streams.set(stored.name, {
      stored,
      ranges: toHashRanges(stored.shards),
      shards: Array.from({ length: stored.shards }, (_, shard_index) => {
        const id = `shardId-${String(shard_index).padStart(12, '0')}`;
        return new Shard(join(folder, id), id, { created_ms: stored.created_ms, shard_index });
      }),
      listeners: new Set(),
    });
  }
}

/** All entries of a shard are written or none; the other shards of the put are no part of its failure. */
function append(shard: Shard, arrived_at_ms: number, entries: readonly StreamEntry[]): PutResult[] {
  try {
    const numbers = shard.append(entries.map(({ partition_key, data }) => ({ arrived_at_ms, partition_key, data })));
    return numbers.map((sequence_number) => ({ shard_id: shard.id, sequence_number }));
  } catch (thrown) {
    const { code: error_code, message: error_message } = toAwsError(thrown, 'kinesis', 'InternalFailure');
    return entries.map(() => ({ error_code, error_message }));
  }
}

const fileOf = (folder: string, name: string): StateFile<Stored> => new StateFile(join(folder, name, 'stream.json'));

/** undefined where a run was killed before it had made the stream. */
function readStored(folder: string, name: string): Stored | undefined {
  const stored = fileOf(folder, name).read();
  if (stored && stored.format !== 1)
    throw new FatalError(
      'local',
      'state_format',
      `stream ${name} in ${folder} was kept by another version of the program: start with another --dir`,
    );
  return stored;
}
