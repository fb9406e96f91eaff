import type { EventKind } from '../event.ts';
import { compareSequence } from '../stream/record.ts';

/** The date in the name of version 1, and the date of a chain until its first turn. A constant, so that two first writers collide. */
export const FIRST_DATE = '1970-01-01';

/** The last row of a station in the chain: its slot and its values. */
export interface StationRow {
  readonly kind: EventKind;
  readonly system_id: string;
  readonly station_id: string;
  readonly part: number;
  readonly slot_ms: number;
  readonly fetched_at_ms: number;
  readonly content_hash: string;
  /** The other columns of the event, by name; an absent one is null. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** The state of a lane: the fold of its chain. Every part of it only moves forward. */
export interface LaneState {
  /** Version of the last object; 0: an empty chain. */
  version: number;
  /** Date of the chain: what the last turn set. It names the folder of the next object. */
  date: string;
  /** Date in the name of the last object. */
  folder: string;
  /** Shard → last sequence number consumed. */
  readonly positions: Map<string, string>;
  /** `<system_id>/<kind>/<part>` → newest slot, epoch ms. */
  readonly newest: Map<string, number>;
  /** `<system_id>/<kind>` → station id as JSON text → its last row. */
  readonly stations: Map<string, Map<string, StationRow>>;
}

/** A lane that a system was moved from: the last sequence number that its chain had consumed by then; null: none. */
export interface Origin {
  readonly lane: string;
  readonly system_id: string;
  readonly last_sequence: string | null;
}

/** The next date of the chain, and nothing else: a turn consumes no record. */
export interface Turn {
  readonly type: 'turn';
  readonly next_date: string;
  /** Only in a chain's first object, where relane began it: from where it carries its state over. */
  readonly origins?: readonly Origin[];
}

export interface Counts {
  readonly fresh: number;
  readonly unchanged: number;
  readonly duplicate: number;
  readonly late: number;
}

/** What one batch did to the lane. */
export interface BatchObject {
  readonly type: 'batch';
  readonly shard_id: string;
  readonly first_sequence: string;
  readonly last_sequence: string;
  readonly records: number;
  /** The newest slot of each system and part as it is after the batch. */
  readonly newest: ReadonlyMap<string, number>;
  readonly counts: Counts;
  readonly changes: readonly StationRow[];
}

export type LogObject = Turn | BatchObject;

export function emptyState(): LaneState {
  return {
    version: 0,
    date: FIRST_DATE,
    folder: FIRST_DATE,
    positions: new Map(),
    newest: new Map(),
    stations: new Map(),
  };
}

/** The UTC date of a slot. */
export function dateOf(slot_ms: number): string {
  return new Date(slot_ms).toISOString().slice(0, 10);
}

/** A station id as its lines write it: JSON text without the quotes. */
export function idText(station_id: string): string {
  return JSON.stringify(station_id).slice(1, -1);
}

export const systemKey = (system_id: string, kind: EventKind): string => `${system_id}/${kind}`;

/** The newest slot of the whole lane; -Infinity for an empty one. */
export function newestSlot(state: LaneState): number {
  return Math.max(-Infinity, ...state.newest.values());
}

/** Folds the object that is the chain's next (version + 1, in `folder`) into the state: the larger position, slot and date win. */
export function apply(state: LaneState, folder: string, object: LogObject): void {
  state.version += 1;
  state.folder = folder;
  if (object.type === 'turn') {
    if (object.next_date > state.date) state.date = object.next_date;
    return;
  }
  const position = state.positions.get(object.shard_id);
  if (position === undefined || compareSequence(object.last_sequence, position) > 0) {
    state.positions.set(object.shard_id, object.last_sequence);
  }
  for (const [key, slot_ms] of object.newest) {
    if (slot_ms > (state.newest.get(key) ?? -Infinity)) state.newest.set(key, slot_ms);
  }
  for (const row of object.changes) setRow(state, row);
}

/** The map that stands under a key, made when there is none. */
export function innerMap<K, V>(maps: Map<string, Map<K, V>>, key: string): Map<K, V> {
  const known = maps.get(key);
  if (known !== undefined) return known;
  const made = new Map<K, V>();
  maps.set(key, made);
  return made;
}

/** Sets a station's last row, unless the state has a newer one. */
export function setRow(state: LaneState, row: StationRow): void {
  const stations = innerMap(state.stations, systemKey(row.system_id, row.kind));
  const id = idText(row.station_id);
  const last = stations.get(id);
  if (last === undefined || row.slot_ms > last.slot_ms) stations.set(id, row);
}
