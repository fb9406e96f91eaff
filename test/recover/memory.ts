import type { AsyncBuffer } from 'hyparquet';
import type { StreamRecord } from '../../lib/stream/put-records.ts';
import { compareSequence } from '../../lib/stream/record.ts';
import type { Given } from '../../recover/command.ts';
import type { RangedStore } from '../../recover/objects.ts';
import type { ReadRecord } from '../../recover/stream-reader.ts';

/** Where a process dies: before or after its n-th effect (from 0). */
export class Killed extends Error {}

/** The order of effects, over all fakes of a test; may kill the program at one of them. */
export class Effects {
  readonly list: string[] = [];
  #at: { readonly n: number; readonly when: 'before' | 'after' } | null = null;

  killAt(n: number, when: 'before' | 'after'): void {
    this.#at = { n: this.list.length + n, when };
  }

  do<T>(name: string, effect: () => T): T {
    const own = this.list.length === this.#at?.n ? this.#at.when : null;
    if (own !== null) this.#at = null;
    if (own === 'before') throw new Killed(name);
    const answer = effect();
    this.list.push(name);
    if (own === 'after') throw new Killed(name);
    return answer;
  }
}

/** Objects in memory. Puts and removes are effects. */
export class MemoryObjects implements RangedStore {
  readonly map = new Map<string, Buffer>();
  readonly effects: Effects;

  constructor(effects = new Effects()) {
    this.effects = effects;
  }

  async keys(prefix: string): Promise<string[]> {
    return [...this.map.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  async get(key: string): Promise<Buffer | null> {
    return this.map.get(key) ?? null;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.effects.do(`put ${key}`, () => this.map.set(key, Buffer.from(bytes)));
  }

  async remove(key: string): Promise<void> {
    this.effects.do(`remove ${key}`, () => this.map.delete(key));
  }

  async open(key: string): Promise<AsyncBuffer> {
    const bytes = this.map.get(key);
    if (bytes === undefined) throw new Error(`no object ${key}`);
    return {
      byteLength: bytes.length,
      slice: (start, end = bytes.length) =>
        bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + end) as ArrayBuffer,
    };
  }

  /** Every object under a prefix as hex. */
  under(prefix: string): Record<string, string> {
    return Object.fromEntries(
      [...this.map].filter(([key]) => key.startsWith(prefix)).map(([k, b]) => [k, b.toString('hex')]),
    );
  }
}

/** One shard in memory; a put is an effect for each of its records. */
export class MemoryStream {
  readonly records: ReadRecord[] = [];
  readonly effects: Effects;
  /** Codes that the next puts answer for each of their records. */
  readonly refusals: string[] = [];
  arrival_ms = 0;

  constructor(effects = new Effects()) {
    this.effects = effects;
  }

  add(sequence_number: string, data: Uint8Array, arrived_at_ms: number, shard_id = 'shardId-000000000000'): void {
    this.records.push({ shard_id, sequence_number, partition_key: 'a', arrived_at_ms, data });
  }

  async put(records: readonly StreamRecord[]): Promise<Array<string | null>> {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return records.map(() => refusal);
    return records.map(({ partition_key, bytes }) =>
      this.effects.do(`stream ${partition_key} ${Buffer.from(bytes).toString('hex').slice(-8)}`, () => {
        const sequence_number = String(1000 + this.records.length);
        const shard_id = 'shardId-000000000000';
        this.records.push({ shard_id, sequence_number, partition_key, arrived_at_ms: this.arrival_ms, data: bytes });
        return null;
      }),
    );
  }

  async shards(): Promise<string[]> {
    return [...new Set(this.records.map((record) => record.shard_id))].sort();
  }

  async *read(shard_id: string): AsyncGenerator<ReadRecord> {
    const own = this.records.filter((record) => record.shard_id === shard_id);
    yield* own.sort((a, b) => compareSequence(a.sequence_number, b.sequence_number));
  }
}

/** What a command is given on a terminal that shows nothing. */
export const quiet = { dry_run: false, progress: () => undefined };
export const dry = { ...quiet, dry_run: true };

/** A command's options as it gets them; flags are `true`. */
export const given = (
  options: Readonly<Record<string, string | true | readonly string[]>>,
  dry_run = false,
): Given => ({
  all: (name) => [options[name] ?? []].flat().filter((value) => typeof value === 'string'),
  one: (name) => [options[name] ?? []].flat().find((value) => typeof value === 'string') ?? null,
  flag: (name) => options[name] === true,
  dry_run,
  progress: () => undefined,
});
