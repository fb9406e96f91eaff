/**
 * The exact bytes of an array's elements in a JSON text, for quarantine: a rejected record is kept as the feed sent it, with its
 * own white space, number formats and repeated keys, which a parsed value has lost. Works on valid JSON only (the caller has
 * parsed it), without recursion, so that no depth of nesting can exhaust the stack.
 */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** The elements of the array that the keys of `path` lead to, as views of `body`; empty where the path leads to no array. */
export function elementsAt(body: Buffer, path: readonly string[]): Buffer[] {
  const marked = body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
  let position: number | null = skipSpace(body, marked ? BYTE_ORDER_MARK.length : 0);
  for (const key of path) {
    position = memberAt(body, position, key);
    if (position === null) return [];
  }
  return body[position] === OPEN_ARRAY ? elementsFrom(body, position) : [];
}

/** Where the value of a member begins; of a repeated key the last one, as JSON.parse takes it. */
function memberAt(body: Buffer, open: number, key: string): number | null {
  if (body[open] !== OPEN_OBJECT) return null;
  let found: number | null = null;
  let at = skipSpace(body, open + 1);
  while (body[at] === QUOTE) {
    const nameEnd = skipString(body, at);
    const name: unknown = JSON.parse(body.toString('utf8', at, nameEnd));
    const value = skipSpace(body, skipPast(body, nameEnd, COLON));
    if (name === key) found = value;
    at = skipSpace(body, skipValue(body, value));
    if (body[at] === COMMA) at = skipSpace(body, at + 1);
  }
  return found;
}

function elementsFrom(body: Buffer, open: number): Buffer[] {
  const elements: Buffer[] = [];
  let at = skipSpace(body, open + 1);
  while (at < body.length && body[at] !== CLOSE_ARRAY) {
    const end = skipValue(body, at);
    elements.push(body.subarray(at, end));
    at = skipSpace(body, end);
    if (body[at] === COMMA) at = skipSpace(body, at + 1);
  }
  return elements;
}

function skipSpace(body: Buffer, from: number): number {
  let at = from;
  while (isSpace(body[at])) at++;
  return at;
}

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

const skipPast = (body: Buffer, from: number, byte: number): number => {
  const at = body.indexOf(byte, from);
  return at < 0 ? body.length : at + 1;
};

function skipString(body: Buffer, quote: number): number {
  let at = quote + 1;
  while (at < body.length && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

function skipValue(body: Buffer, from: number): number {
  if (body[from] === QUOTE) return skipString(body, from);
  let at = from;
  let depth = 0;
  while (at < body.length) {
    const byte = body[at];
    if (byte === QUOTE) {
      at = skipString(body, at);
      continue;
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (depth === 0) return at; // the end of what surrounds a number, true, false or null
      depth--;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (byte === COMMA || isSpace(byte))) return at;
    at++;
  }
  return at;
}
