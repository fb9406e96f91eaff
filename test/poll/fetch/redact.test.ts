import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HIDDEN, redacted, redactedBytes } from '../../../lib/poll/fetch/redact.ts';

const KEY = '4d5a6b71Planted/Key+With="Signs"&51';

describe('what a poll takes from a host with a key', () => {
  it('is without the key, in whatever spelling a host gives it', () => {
    const echoes = fc.tuple(
      fc.string({ minLength: 4, unit: fc.constantFrom(...Array.from('aZ09+/=%&"<\\\'-_. ')) }),
      fc.string(),
    );
    fc.assert(
      fc.property(echoes, ([key, around]) => {
        fc.pre(!around.includes(key));
        const forms = [
          key,
          encodeURIComponent(key),
          encodeURIComponent(encodeURIComponent(key)).toLowerCase(),
          JSON.stringify(key).slice(1, -1),
          JSON.stringify(JSON.stringify(key)).slice(3, -3),
          Array.from(key)
            .map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
            .join(''),
          Array.from(key)
            .map((c) => `&#${c.charCodeAt(0)};`)
            .join(''),
        ];
        for (const form of forms) {
          expect(redacted(`<${form}>`, [key])).toBe(`<${HIDDEN}>`);
          expect(redactedBytes(Buffer.from(`${around}<${form}>`), [key]).toString()).toContain(`<${HIDDEN}>`);
        }
        for (const before of ['', 'a', 'ab']) {
          const text = Buffer.from(`${before}${key}`).toString('base64');
          expect(redacted(text, [key])).toContain(HIDDEN);
        }
      }),
      { seed: 20261121, numRuns: 300 },
    );
  });

  it('is the same buffer where no key is in it', () => {
    const body = Buffer.from('{"name":"Mühle"}');
    expect(redactedBytes(body, [KEY])).toBe(body);
    expect(redactedBytes(body, [])).toBe(body);
  });
});
