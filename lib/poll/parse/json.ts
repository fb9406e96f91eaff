import { RejectedInput } from '../../errors.ts';

/** Strips a byte order mark (measured: `JSON.parse(buffer.toString())` throws on it), and throws on invalid UTF-8 instead of inventing U+FFFD. */
const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** How much of a foreign text a message shows. */
const SHOWN_CHARACTERS = 40;
const SHOWN_KEYS = 8;

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The body as text. Throws RejectedInput `not_utf8`: GBFS and Seoul are UTF-8 by specification. */
export function parseText(body: Uint8Array): string {
  try {
    return UTF8.decode(body);
  } catch (cause) {
    throw new RejectedInput('poll', 'not_utf8', `the body of ${body.length} bytes is not UTF-8`, { cause });
  }
}

/**
 * Bounds of what a document may become in memory: 8 MB of `{},` are 3 million objects, half a gigabyte. The largest list known has about 700,000 values.
 * Below `CHECKED_BYTES` no shape takes more than a function has.
 */
const CHECKED_BYTES = 4 * 1024 * 1024;
const MAX_CONTAINERS = 1_000_000;
const MAX_VALUES = 4_000_000;
const [COMMA, OPEN_BRACKET, OPEN_BRACE] = [0x2c, 0x5b, 0x7b];

/** Throws RejectedInput `too_many_values` for a body that is JSON of more values than fit into memory. What stands in strings counts too, so it is an upper bound. */
export function checkValues(body: Uint8Array): void {
  if (body.length < CHECKED_BYTES) return;
  let [containers, values] = [0, 0];
  for (const byte of body) {
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) containers++;
    else if (byte === COMMA) values++;
  }
  if (containers <= MAX_CONTAINERS && values + containers <= MAX_VALUES) return;
  const message = `the body of ${body.length} bytes has about ${containers} objects and lists, and ${values + containers} values: more than ${MAX_CONTAINERS} or ${MAX_VALUES}`;
  throw new RejectedInput('poll', 'too_many_values', message);
}

/** The first character of a text that is no white space, or '' where there is none. It tells JSON from HTML, XML and plain text. */
export const firstCharacter = (text: string): string => text[text.search(/\S/)] ?? '';

/**
 * The JSON document in a body. Throws RejectedInput: `not_utf8`; `too_many_values`; `not_json` for HTML, XML, `404 Not Found`, an empty or a cut body.
 * The message shows how a foreign body begins, escaped.
 */
export function parseJson(body: Uint8Array): unknown {
  const text = parseText(body);
  const first = firstCharacter(text);
  if (first === '') throw new RejectedInput('poll', 'not_json', 'the body is empty');
  if (first !== '{' && first !== '[') {
    throw new RejectedInput('poll', 'not_json', `the body is not JSON: it begins with ${shown(text)}`);
  }
  checkValues(body);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `the body of ${body.length} bytes begins with ${shown(text)} but is not valid JSON (cut off?)`;
    throw new RejectedInput('poll', 'not_json', message, { cause });
  }
}

/** A foreign text as a message may show it: cut, quoted, with its control characters escaped. */
export const shown = (text: string): string => JSON.stringify(text.trimStart().slice(0, SHOWN_CHARACTERS));

/** What a JSON value is, for a message: `an array`, or `an object with "name", "url"`. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (!isObject(value)) return value === null ? 'null' : `a ${typeof value}`;
  const keys = Object.keys(value);
  const more = keys.length > SHOWN_KEYS ? ` and ${keys.length - SHOWN_KEYS} more` : '';
  return keys.length === 0
    ? 'an empty object'
    : `an object with ${keys.slice(0, SHOWN_KEYS).map(shown).join(', ')}${more}`;
}

/** Whether objects and arrays lie in each other deeper than `levels`. Never recurses deeper than that itself. */
export function isDeeper(value: object, levels: number): boolean {
  if (levels === 0) return true;
  for (const key in value) {
    const inner = (value as Record<string, unknown>)[key];
    if (typeof inner === 'object' && inner !== null && isDeeper(inner, levels - 1)) return true;
  }
  return false;
}
