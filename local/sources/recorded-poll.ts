/**
 * A line of a recording: `{"fetched_at": "2022-06-28T15:00:23Z", "body": {…}}`, or `"raw": "…"` in place of `body` where the answer
 * was no JSON. A line may name its `format`; without it, it is 1.
 */
export interface RecordedPoll {
  /** Line of the file, from 1. */
  readonly line: number;
  readonly fetched_at_ms: number;
  /** The bytes of the document as they stand in the line, or the text of `raw` in UTF-8. */
  readonly body: Buffer;
  readonly is_raw: boolean;
}

const FORMAT = 1;

/** RFC 3339 with an offset: a time without one means another instant on every machine. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/** How a line begins when its members come in the usual order; what follows is the document up to the last brace. */
const FRAME = /^\s*\{\s*"fetched_at"\s*:\s*("[^"\\]*")\s*,\s*"body"\s*:\s*/;
const FRAME_BYTES = 120;
const CLOSING_BRACE = 0x7d;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const EMPTY = Buffer.alloc(0);

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
  if ('format' in poll && poll.format !== FORMAT) {
    throw new LineFault(`it is of format ${JSON.stringify(poll.format)}, this version reads ${FORMAT}`);
  }
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
  // Every byte that gives an object its shape is ASCII. By bytes, because a pattern would keep a place for each character of a long string.
  let value: Buffer = EMPTY;
  let [depth, from, key, string_from] = [0, -1, '', -1];
  for (let at = 0; at < text.length; at++) {
    const byte = text[at];
    if (byte === QUOTE) {
      string_from = at;
      at = closingQuote(text, at);
    } else if (byte === COLON && depth === 1 && from < 0) {
      key = JSON.parse(text.toString('utf8', string_from, closingQuote(text, string_from) + 1)) as string;
      from = at + 1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (depth === 1 && (byte === COMMA || byte === CLOSING_BRACE)) {
      if (key === name && from >= 0) value = text.subarray(from, at);
      from = -1;
      if (byte === CLOSING_BRACE) depth--;
    } else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) depth--;
  }
  return trimmed(value);
}

function closingQuote(text: Buffer, open: number): number {
  let at = open + 1;
  while (at < text.length && text[at] !== QUOTE) at += text[at] === BACKSLASH ? 2 : 1;
  return at;
}

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0d || byte === 0x09 || byte === 0x0a;

function trimmed(bytes: Buffer): Buffer {
  let [from, to] = [0, bytes.length];
  while (from < to && isSpace(bytes[from])) from++;
  while (to > from && isSpace(bytes[to - 1])) to--;
  return bytes.subarray(from, to);
}
