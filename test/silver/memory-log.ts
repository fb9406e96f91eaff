import type { CheckpointStore } from '../../lib/silver/checkpoint.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/silver/checkpoint.ts';
import type { LogStore } from '../../lib/silver/log.ts';
import { decodeObject, type ReadObject } from '../../lib/silver/object.ts';

/** What becomes of one put: done; done but the answer is lost; not done and no answer. */
export type PutFault = 'none' | 'reply_lost' | 'request_lost';

/** More calls than most tests make: a program that goes round in circles ends with an error instead of never. */
const MAX_ACTIONS = 1000;

/** The log in memory, with the faults that a put can have. Its objects are the real bytes. */
export class MemoryLog implements LogStore {
  readonly objects = new Map<string, Uint8Array>();
  readonly actions: string[] = [];
  readonly #fault: () => PutFault;

  readonly #limit: number;

  constructor(fault: () => PutFault = () => 'none', limit = MAX_ACTIONS) {
    this.#fault = fault;
    this.#limit = limit;
  }

  #act(action: string): void {
    this.actions.push(action);
    if (this.actions.length > this.#limit) throw new Error(`more than ${this.#limit} calls of the log`);
  }

  async put(key: string, bytes: Uint8Array): Promise<'created' | 'exists' | 'unknown'> {
    this.#act(`put ${key}`);
    const fault = this.#fault();
    if (fault === 'request_lost') return 'unknown';
    const isThere = this.objects.has(key);
    if (!isThere) this.objects.set(key, bytes);
    return fault === 'reply_lost' ? 'unknown' : isThere ? 'exists' : 'created';
  }

  async get(key: string): Promise<Uint8Array> {
    this.#act(`get ${key}`);
    const bytes = this.objects.get(key);
    if (bytes === undefined) throw new Error(`NoSuchKey ${key}`);
    return bytes;
  }

  async folders(prefix: string): Promise<string[]> {
    this.#act(`folders ${prefix}`);
    const below = [...this.objects.keys()].filter((key) => key.startsWith(prefix));
    return [...new Set(below.map((key) => key.slice(0, key.lastIndexOf('/') + 1)))];
  }

  async keys(prefix: string): Promise<string[]> {
    return [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  /** The chain of a lane in the order of its versions. */
  async chain(lane: string): Promise<({ key: string; version: number } & ReadObject)[]> {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(`log/lane=${lane}/`));
    const chain = keys
      .map((key) => ({ key, version: Number(key.slice(-20, -8)) }))
      .sort((a, b) => a.version - b.version);
    return Promise.all(
      chain.map(async (object) => ({
        ...object,
        ...(await decodeObject(this.objects.get(object.key) ?? new Uint8Array())),
      })),
    );
  }
}

/** Checkpoints in memory, as bytes; a newer one refuses an older one. */
export class MemoryCheckpoints implements CheckpointStore {
  readonly items = new Map<string, { version: number; bytes: Uint8Array }>();

  async read(lane: string) {
    const item = this.items.get(lane);
    return item === undefined ? null : decodeCheckpoint(item.bytes);
  }

  async write(lane: string, state: Parameters<CheckpointStore['write']>[1]): Promise<void> {
    const item = { version: state.version, bytes: encodeCheckpoint(state) };
    if ((this.items.get(lane)?.version ?? -1) >= item.version) return;
    this.items.set(lane, item);
  }
}
