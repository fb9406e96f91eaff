import { RejectedInput } from '../../lib/errors.ts';
import { decodeChunk, type Entry, encodeChunk, UNKNOWN_FORMAT } from '../../lib/stream/chunk.ts';

/** A record of the stream without the entries of some systems; all of their lines. */
export interface LighterChunk {
  readonly bytes: Uint8Array;
  /** Lines that went. */
  readonly lines: number;
  /** Nothing is left in it. */
  readonly is_empty: boolean;
}

/**
 * The chunk in a record's bytes without what it has of the systems; null: it has nothing of them, or is no chunk. One that had nothing else is a
 * chunk without entries: who counts records finds it. Throws RejectedInput `unknown_chunk_format` for what a newer version wrote.
 */
export function withoutSystems(record: Uint8Array, system_ids: ReadonlySet<string>): LighterChunk | null {
  const chunk = decoded(record);
  if (chunk?.header.entries.some((entry) => system_ids.has(entry.system_id)) !== true) return null;
  const { header, lines } = chunk;
  const kept: Entry[] = [];
  let from = 0;
  let gone = 0;
  for (const { lines: count, ...entry } of header.entries) {
    if (system_ids.has(entry.system_id)) gone += count;
    else kept.push({ ...entry, lines: lines.slice(from, from + count) });
    from += count;
  }
  return { bytes: encodeChunk(header.lane, header.slot_ms, kept), lines: gone, is_empty: kept.length === 0 };
}

function decoded(record: Uint8Array) {
  try {
    return decodeChunk(record);
  } catch (error) {
    if (error instanceof RejectedInput && error.reason !== UNKNOWN_FORMAT) return null;
    throw error;
  }
}
