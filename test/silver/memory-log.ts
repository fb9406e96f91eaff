import type { CheckpointStore } from '../../lib/silver/checkpoint.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/silver/checkpoint.ts';
import type { LogStore } from '../../lib/silver/log.ts';
import { decodeObject, type ReadObject } from '../../lib/silver/object.ts';

/** What becomes of one put: done; done but the answer is lost; not done and no answer; done only when a later put arrives. */
export type PutFault = 'none' | 'reply_lost' | 'request_lost' | 'lands_late';

/** The log in memory, with the faults that a put can have. Its objects are the real bytes. */
export class MemoryLog implements LogStore {
  readonly objects = new Map<string, Uint8Array>();
  readonly actions: string[] = [];
  #flying: (() => void)[] = [];
  readonly #fault: () => PutFault;
  readonly #gate: <T>(act: () => T) => Promise<T>;

  constructor(fault: () => PutFault = () => 'none', gate: <T>(act: () => T) => Promise<T> = async (act) => act()) {
    this.#fault = fault;
    this.#gate = gate;
  }

  #create(key: string, bytes: Uint8Array): 'created' | 'exists' {
    if (this.objects.has(key)) return 'exists';
    this.objects.set(key, bytes);
    return 'created';
  }

  put(key: string, bytes: Uint8Array): Promise<'created' | 'exists' | 'unknown'> {
    return this.#gate(() => {
      this.actions.push(`put ${key}`);
      const flying = this.#flying;
      this.#flying = [];
      const fault = this.#fault();
      const outcome = fault === 'none' || fault === 'reply_lost' ? this.#create(key, bytes) : 'unknown';
      if (fault === 'lands_late') this.#flying.push(() => void this.#create(key, bytes));
      for (const land of flying) land();
      return fault === 'none' ? outcome : 'unknown';
    });
  }

  get(key: string): Promise<Uint8Array> {
    return this.#gate(() => {
      this.actions.push(`get ${key}`);
      const bytes = this.objects.get(key);
      if (bytes === undefined) throw new Error(`NoSuchKey ${key}`);
      return bytes;
    });
  }

  folders(prefix: string): Promise<string[]> {
    return this.#gate(() => {
      this.actions.push(`folders ${prefix}`);
      const below = [...this.objects.keys()].filter((key) => key.startsWith(prefix));
      return [...new Set(below.map((key) => key.slice(0, key.lastIndexOf('/') + 1)))];
    });
  }

  keys(prefix: string): Promise<string[]> {
    return this.#gate(() => [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort());
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

/** Checkpoints in memory, as bytes; a newer one refuses an older one. Earlier ones are kept, to be restored. */
export class MemoryCheckpoints implements CheckpointStore {
  readonly items = new Map<string, { version: number; bytes: Uint8Array }>();
  readonly earlier: { lane: string; version: number; bytes: Uint8Array }[] = [];

  async read(lane: string) {
    const item = this.items.get(lane);
    return item === undefined ? null : decodeCheckpoint(item.bytes);
  }

  async write(lane: string, state: Parameters<CheckpointStore['write']>[1]): Promise<void> {
    const item = { version: state.version, bytes: encodeCheckpoint(state) };
    if ((this.items.get(lane)?.version ?? -1) >= item.version) return;
    this.items.set(lane, item);
    this.earlier.push({ lane, ...item });
  }
}
