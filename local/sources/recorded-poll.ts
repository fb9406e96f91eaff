/**
 * A line of a recording: `{"fetched_at": "2022-06-28T15:00:23Z", "body": {…}}`, or `"raw": "…"` in place of `body` where the answer
 * was no JSON.
 */
export interface RecordedPoll {
  /** Line of the file, from 1. */
  readonly line: number;
  readonly fetched_at_ms: number;
  /** The bytes of the document as they stand in the line, or the text of `raw` in UTF-8. */
  readonly body: Buffer;
  readonly is_raw: boolean;
}

/** RFC 3339 with an offset: a time without one means another instant on every machine. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/** How a line begins when its members come in the usual order; what follows is the document up to the last brace. */
const FRAME = /^\s*\{\s*"fetched_at"\s*:\s*("[^"\\]*")\s*,\s*"body"\s*:\s*/;
const FRAME_BYTES = 120;
const CLOSING_BRACE = 0x7d;

/** Why a line is no recorded poll. The message completes "line 7: …". */
export class LineFault extends Error {}

/**
 * Parses a line. The document is sliced, not parsed and written again, so that number formats, spaces and repeated names survive;
 * it is parsed once to be sure that it is JSON. Throws LineFault.
 */
export function parseRecordedPoll(line: number, text: Buffer): RecordedPoll {
  return framed(line, text) ?? membersInAnyOrder(line, text);
}

/** null where the line isn't framed as usual, or isn't JSON: the slow path says what it is. */
function framed(line: number, text: Buffer): RecordedPoll | null {
  const frame = FRAME.exec(text.toString('latin1', 0, FRAME_BYTES));
  const end = text.lastIndexOf(CLOSING_BRACE);
  if (!frame?.[1] || !isBlank(text.subarray(end + 1))) return null;
  const body = text.subarray(frame[0].length, end);
  try {
    JSON.parse(body.toString());
    return { line, fetched_at_ms: parseInstant(JSON.parse(frame[1])), body, is_raw: false };
  } catch (error) {
    if (error instanceof LineFault) throw error;
    return null;
  }
}

function membersInAnyOrder(line: number, text: Buffer): RecordedPoll {
  const poll = parseObject(text.toString());
  const fetched_at_ms = parseInstant(poll.fetched_at);
  if (typeof poll.raw === 'string' && !('body' in poll)) {
    return { line, fetched_at_ms, body: Buffer.from(poll.raw), is_raw: true };
  }
  if (!('body' in poll) || 'raw' in poll) {
    throw new LineFault('it must have either "body" (the document) or "raw" (a string)');
  }
  return { line, fetched_at_ms, body: memberBytes(text, 'body'), is_raw: false };
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new LineFault(`it is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new LineFault('it is JSON, but not an object {"fetched_at": …, "body": …}');
  }
  return value as Record<string, unknown>;
}

function parseInstant(value: unknown): number {
  if (value === undefined) throw new LineFault('it has no "fetched_at"');
  const time_ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (typeof value !== 'string' || !INSTANT.test(value) || Number.isNaN(time_ms)) {
    throw new LineFault(
      `"fetched_at" is ${JSON.stringify(value)}, which must be a time with its offset, such as "2022-06-28T15:00:23Z"`,
    );
  }
  return time_ms;
}

const isBlank = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09);

/** The bytes of the value of a member of a valid JSON object; of a repeated name the last, as JSON.parse takes it. */
function memberBytes(text: Buffer, name: string): Buffer {
  // Every token that gives an object its shape is ASCII, so byte offsets are those of the latin1 string.
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;
  const ascii = text.toString('latin1');
  let depth = 0;
  let key: string | null = null;
  let last_string = '';
  let from = 0;
  let value: Buffer = Buffer.alloc(0);
  for (const { 0: t, index } of ascii.matchAll(token)) {
    const ends = depth === 1 && (t === ',' || t === '}');
    if (ends && key === name) value = text.subarray(from, index);
    if (ends) key = null;
    if (t === '{' || t === '[') depth++;
    else if (t === '}' || t === ']') depth--;
    else if (t === ':' && depth === 1 && key === null) {
      key = JSON.parse(last_string) as string;
      from = index + 1;
    } else if (t.startsWith('"')) last_string = t;
  }
  const trimmed = value.toString('latin1').trim();
  return Buffer.from(trimmed, 'latin1');
}
