import fc from 'fast-check';

/** What stands where something else belongs. */
const ODD_TEXTS = [
  'null',
  'true',
  '""',
  '"x"',
  '"NaN"',
  '"Infinity"',
  '"1"',
  '" 7 "',
  '"-1"',
  '"1e400"',
  '"0x10"',
  '0',
  '-0',
  '-1',
  '1.5',
  '1e400',
  '-1e400',
  '9007199254740993',
  '1e20',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '{"":0}',
  '"\\ud800"',
  '"\\u0000"',
  '"../../x"',
  '"__proto__"',
  '{"__proto__":{"polluted":1}}',
  '{"constructor":null}',
  '"2026-11-21T01:00:00Z"',
  '"\\ud83d\\ude00"',
  `"${'x'.repeat(300)}"`,
];

type Edit =
  | { readonly type: 'flip'; readonly at: number; readonly byte: number }
  | { readonly type: 'cut'; readonly at: number }
  | { readonly type: 'drop'; readonly at: number; readonly length: number }
  | { readonly type: 'repeat'; readonly at: number; readonly length: number }
  | { readonly type: 'insert'; readonly at: number; readonly bytes: Uint8Array };

const at = fc.double({ min: 0, max: 1, noNaN: true });
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ type: fc.constant('flip' as const), at, byte: fc.nat(255) }),
  fc.record({ type: fc.constant('cut' as const), at }),
  fc.record({ type: fc.constant('drop' as const), at, length: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ type: fc.constant('repeat' as const), at, length: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ type: fc.constant('insert' as const), at, bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }) }),
);

function edited(bytes: Buffer, change: Edit): Buffer {
  const from = Math.floor(change.at * bytes.length);
  const [before, after] = [bytes.subarray(0, from), bytes.subarray(from)];
  switch (change.type) {
    case 'flip':
      return Buffer.concat([before, Buffer.from([change.byte]), after.subarray(1)]);
    case 'cut':
      return before;
    case 'drop':
      return Buffer.concat([before, after.subarray(change.length)]);
    case 'repeat':
      return Buffer.concat([before, after.subarray(0, change.length), after]);
    default:
      return Buffer.concat([before, change.bytes, after]);
  }
}

/** One of the documents with some bytes changed. */
export const editedBytes = (documents: readonly Buffer[]): fc.Arbitrary<Buffer> =>
  fc
    .tuple(fc.constantFrom(...documents), fc.array(edit, { minLength: 1, maxLength: 4 }))
    .map(([document, edits]) => edits.reduce(edited, document));

/** Every value and every key of a JSON text: where each begins and ends. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{[]/g;

function endOf(text: string, from: number): number {
  if (text[from] !== '{' && text[from] !== '[') return from;
  let depth = 0;
  let quoted = false;
  for (let i = from; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '\\') i += 1;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === '{' || c === '[') depth += 1;
    else if (c === '}' || c === ']') {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return text.length;
}

/** A value or key, and whatever lies in it, is replaced: types change, keys go, and things nest in each other. */
function replaced(text: string, share: number, by: string): string {
  const tokens = [...text.matchAll(TOKEN)];
  const token = tokens[Math.floor(share * tokens.length)];
  if (token === undefined) return by;
  const end = Math.max(endOf(text, token.index), token.index + token[0].length);
  return `${text.slice(0, token.index)}${by}${text.slice(end)}`;
}

const odd = fc.oneof(
  fc.constantFrom(...ODD_TEXTS),
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
  fc.integer({ min: 2, max: 2_000 }).map((levels) => `${'['.repeat(levels)}${']'.repeat(levels)}`),
);

/** One of the JSON documents with some values or keys replaced. */
export const editedJson = (documents: readonly Buffer[]): fc.Arbitrary<Buffer> =>
  fc
    .tuple(fc.constantFrom(...documents), fc.array(fc.tuple(at, odd), { minLength: 1, maxLength: 4 }))
    .map(([document, edits]) =>
      Buffer.from(
        edits.reduce((text, [share, by]) => replaced(text, Math.min(share, 0.999_999), by), document.toString()),
      ),
    );

/** Bytes that nobody made on purpose, and JSON that nobody asked for. */
export const anyBytes: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text)),
  fc.jsonValue({ maxDepth: 5 }).map((value) => Buffer.from(JSON.stringify(value))),
);

/** A document as it may arrive: changed in bytes or in values, or nothing of the kind. */
export const badDocument = (documents: readonly Buffer[]): fc.Arbitrary<Buffer> =>
  fc.oneof(
    { weight: 4, arbitrary: editedBytes(documents) },
    { weight: 5, arbitrary: editedJson(documents) },
    { weight: 1, arbitrary: anyBytes },
  );
