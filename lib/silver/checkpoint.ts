import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
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

/** null for anything that isn't a checkpoint of this format: then the log tells. */
export function decodeCheckpoint(bytes: Uint8Array): LaneState | null {
  try {
    const { format, positions, newest, stations, ...rest } = JSON.parse(zstdDecompressSync(bytes).toString('utf8'));
    if (format !== CHECKPOINT_FORMAT) return null;
    const systems = stations as [string, [string, StationRow][]][];
    return {
      ...rest,
      positions: new Map(positions),
      newest: new Map(newest),
      stations: new Map(systems.map(([system, rows]) => [system, new Map(rows)])),
    };
  } catch {
    return null;
  }
}
