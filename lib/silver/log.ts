import { FatalError } from '../errors.ts';
import { decodeObject, type ReadObject } from './object.ts';
import { apply, emptyState, type LaneState } from './state.ts';

/**
 * Where the log lives. Delivery guarantee: a name is created once, by whoever is first; `put` never overwrites.
 * `unknown` means that nobody can tell whether the put took effect: ask again under the same name.
 */
export interface LogStore {
  put(key: string, bytes: Uint8Array): Promise<'created' | 'exists' | 'unknown'>;
  /** Throws if the object isn't there. */
  get(key: string): Promise<Uint8Array>;
  /** Names of the folders (`…/event_date=<date>/`) below a prefix. */
  folders(prefix: string): Promise<string[]>;
  /** Keys below a prefix, in the order of their names; what was created before the call is in it. */
  keys(prefix: string): Promise<string[]>;
}

const lanePrefix = (lane: string): string => `log/lane=${lane}/`;

/** The name of a version: it follows from the chain (lane, date of the chain, version) alone. */
export function logKey(lane: string, date: string, version: number): string {
  return `${lanePrefix(lane)}event_date=${date}/${String(version).padStart(12, '0')}.parquet`;
}

/** Throws FatalError with the name of an object that can't be read, or that a newer version wrote. */
export async function readObject(store: LogStore, key: string): Promise<ReadObject> {
  const bytes = await store.get(key);
  try {
    return await decodeObject(bytes);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    throw new FatalError(error.stage, error.reason, `${key}: ${error.message}`, { cause: error });
  }
}

/** The state of a lane from its newest folder alone, whose first object holds the whole state before it; the empty state where there is no folder. */
export async function foldNewestFolder(store: LogStore, lane: string): Promise<LaneState> {
  const folder = (await store.folders(lanePrefix(lane))).sort().at(-1);
  let state = emptyState();
  if (folder === undefined) return state;
  const date = folder.slice(-'yyyy-mm-dd/'.length, -1);
  for (const key of await store.keys(folder)) {
    const { object, before } = await readObject(store, key);
    if (before !== null && before.version >= state.version) state = before;
    apply(state, date, object);
  }
  return state;
}
