import type { EventKind } from '../event.ts';
import { type Chunk, decodeChunk, type EventLine, toEventLine } from './chunk.ts';

/** The events of one part of one system at the record's slot. */
export interface PartEvents {
  /** `<system_id>/<kind>/<part>`: what has a newest slot of its own. */
  readonly key: string;
  readonly system_id: string;
  readonly kind: EventKind;
  readonly part: number;
  readonly fetched_at_ms: number;
  readonly events: readonly EventLine[];
}

/** A record of the stream that belongs to a lane. */
export interface LaneRecord {
  readonly shard_id: string;
  readonly sequence_number: string;
  readonly lane: string;
  readonly slot_ms: number;
  readonly parts: readonly PartEvents[];
}

/**
 * Sequence numbers are decimal strings of different lengths: the longer one is the larger.
 * Negative, zero or positive, as a comes before, at or after b.
 */
export function compareSequence(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * The record as its lane sees it; null where the chunk has no lane (receipts).
 * Throws RejectedInput `not_a_chunk` for bytes that are no chunk, or hold a line that is no event.
 */
export function toLaneRecord(bytes: Uint8Array, shard_id: string, sequence_number: string): LaneRecord | null {
  const { header, lines } = decodeChunk(bytes);
  if (header.lane === null) return null;
  return { shard_id, sequence_number, lane: header.lane, slot_ms: header.slot_ms, parts: partsOf({ header, lines }) };
}

function partsOf({ header, lines }: Chunk): PartEvents[] {
  const parts: PartEvents[] = [];
  let from = 0;
  for (const { kind, system_id, part, fetched_at_ms, lines: count } of header.entries) {
    const own = lines.slice(from, from + count);
    from += count;
    if (kind === 'receipt') continue;
    const events = own.map(toEventLine);
    parts.push({ key: `${system_id}/${kind}/${part}`, system_id, kind, part, fetched_at_ms, events });
  }
  return parts;
}
