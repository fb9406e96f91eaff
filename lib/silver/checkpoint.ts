import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { areValues } from './object.ts';
import type { LaneState, StationRow } from './state.ts';

const CHECKPOINT_FORMAT = 1;

/** A cache of lane states; it may be old or lost. */
export interface CheckpointStore {
  read(lane: string): Promise<LaneState | null>;
  /** Writes unless a newer one is there; that one is as good. */
  write(lane: string, state: LaneState): Promise<void>;
}

/** The state as bytes, about 40 a station. */
export function encodeCheckpoint(state: LaneState): Buffer {
  const { stations, positions, newest, ...rest } = state;
  const json = JSON.stringify({
    format: CHECKPOINT_FORMAT,
    ...rest,
    positions: [...positions],
    newest: [...newest],
    stations: [...stations].map(([system, rows]) => [system, [...rows]]),
  });
  return zstdCompressSync(json, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
}

/** What a checkpoint may unpack to; an item holds 400 KB. */
const UNPACKED_LIMIT_BYTES = 64 * 1024 * 1024;

/** null for anything that isn't a checkpoint of this format: then the log tells. */
export function decodeCheckpoint(bytes: Uint8Array): LaneState | null {
  try {
    const text = zstdDecompressSync(bytes, { maxOutputLength: UNPACKED_LIMIT_BYTES }).toString('utf8');
    const { format, version, date, folder, positions, newest, stations } = JSON.parse(text) as Written;
    if (format !== CHECKPOINT_FORMAT) return null;
    const state: LaneState = {
      version,
      date,
      folder,
      positions: new Map(positions),
      newest: new Map(newest),
      stations: new Map(stations.map(([system, rows]) => [system, new Map(rows)])),
    };
    return isState(state) ? state : null;
  } catch {
    return null;
  }
}

interface Written extends Pick<LaneState, 'version' | 'date' | 'folder'> {
  readonly format: number;
  readonly positions: readonly [string, string][];
  readonly newest: readonly [string, number][];
  readonly stations: readonly [string, readonly [string, StationRow][]][];
}

const DATE = /^\d{4}-\d\d-\d\d$/;
const SEQUENCE = /^\d{1,128}$/;

/** A state that was changed on the way would put objects under wrong names; none costs a read of the log. */
const isState = ({ version, date, folder, positions, newest, stations }: LaneState): boolean =>
  Number.isSafeInteger(version) &&
  version >= 0 &&
  DATE.test(date) &&
  DATE.test(folder) &&
  [...positions].every(([shard, position]) => typeof shard === 'string' && SEQUENCE.test(position)) &&
  [...newest].every(([key, slot_ms]) => typeof key === 'string' && Number.isSafeInteger(slot_ms)) &&
  [...stations.values()].every((rows) => [...rows.values()].every(isRow));

const isRow = (row: Partial<StationRow> | null): boolean =>
  typeof row?.kind === 'string' &&
  typeof row.system_id === 'string' &&
  typeof row.station_id === 'string' &&
  typeof row.content_hash === 'string' &&
  Number.isSafeInteger(row.part) &&
  Number.isSafeInteger(row.slot_ms) &&
  Number.isSafeInteger(row.fetched_at_ms) &&
  typeof row.values === 'object' &&
  row.values !== null &&
  areValues(row.values);
