import { RejectedInput } from '../lib/errors.ts';
import type { EventKind, StationEvent } from '../lib/event.ts';
import { parseStationInformation, parseStationStatus } from '../lib/poll/parse/document.ts';
import type { ParseContext, ParsedDocument } from '../lib/poll/parse/records.ts';
import { parseSeoulInformation, parseSeoulPage, parseSeoulStatus } from '../lib/poll/parse/seoul.ts';
import type { PlannedSystem } from '../lib/poll/plan.ts';

type SystemKind = PlannedSystem['kind'];

/** A document of a system through the parser that it has today. Throws RejectedInput where it is rejected as a whole. */
export function parseDocument(
  system: SystemKind,
  kind: EventKind,
  body: Buffer,
  context: ParseContext,
): ParsedDocument {
  if (system === 'gbfs') {
    return (kind === 'status' ? parseStationStatus : parseStationInformation)(body, context);
  }
  const pages = topLevelValues(body).map((page) => parseSeoulPage(page, null));
  return (kind === 'status' ? parseSeoulStatus : parseSeoulInformation)(pages, context);
}

const [QUOTE, BACKSLASH, OPEN, CLOSE] = [0x22, 0x5c, 0x7b, 0x7d];

/** The objects of a text of several, one after the other: a Seoul snapshot is kept as its pages. The whole text where it holds none. */
function topLevelValues(body: Buffer): Buffer[] {
  const values: Buffer[] = [];
  let depth = 0;
  let from = 0;
  let isString = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (isString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isString = false;
    } else if (byte === QUOTE) isString = true;
    else if (byte === OPEN) {
      if (depth === 0) from = at;
      depth++;
    } else if (byte === CLOSE && depth > 0) {
      depth--;
      if (depth === 0) values.push(body.subarray(from, at + 1));
    }
  }
  return values.length === 0 || depth > 0 ? [body] : values;
}

/** What became of a single record. */
export type ParsedRecord = { readonly event: StationEvent } | { readonly reason: string };

/** A record as its feed sent it, alone, through the parser that its system has today. */
export function parseRecord(system: SystemKind, kind: EventKind, raw: string, context: ParseContext): ParsedRecord {
  try {
    const { events, rejects } = parseDocument(system, kind, documentOf(system, [raw]), context);
    const [event] = events;
    return event === undefined ? { reason: rejects[0]?.reason ?? 'not_a_record' } : { event };
  } catch (error) {
    if (!(error instanceof RejectedInput)) throw error;
    return { reason: error.reason };
  }
}

/** Records as the document that would hold them. */
export function documentOf(system: SystemKind, raws: readonly string[]): Buffer {
  const list = raws.join(',');
  const text =
    system === 'gbfs'
      ? `{"data":{"stations":[${list}]}}`
      : `{"rentBikeStatus":{"RESULT":{"CODE":"INFO-000"},"row":[${list}]}}`;
  return Buffer.from(text);
}
