import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elementsAt } from '../../../lib/poll/parse/elements.ts';

const slices = (text: string, ...path: string[]): string[] =>
  elementsAt(Buffer.from(text), path).map((element) => element.toString());

describe('the exact bytes of an array’s elements', () => {
  test.each([
    ['[1,2.0,-3e5]', [], ['1', '2.0', '-3e5']],
    ['[]', [], []],
    [' [ {"a" : [1, {}]} ,\n"x,]}" , null ] ', [], ['{"a" : [1, {}]}', '"x,]}"', 'null']],
    ['{"a":{"b":[[],{}]}}', ['a', 'b'], ['[]', '{}']],
    ['{"x":"[{\\"a","a":{"y":1,"b":["\\\\","\\""]}}', ['a', 'b'], ['"\\\\"', '"\\""']],
    ['{"a":[1],"a":[2]}', ['a'], ['2']],
    ['{"\\u0061":[1]}', ['a'], ['1']],
    ['{"a":"[1]"}', ['a'], []],
    ['{"b":[1]}', ['a'], []],
    ['["망원역","é"]', [], ['"망원역"', '"é"']],
    ['\uFEFF[1]', [], ['1']],
  ])('%s at %j', (text, path, elements) => {
    expect(slices(text, ...path)).toEqual(elements);
  });

  test('nesting of any depth is passed over', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    expect(slices(`[${deep},7]`)[1]).toBe('7');
  });

  test('every slice means what JSON.parse reads at its index', () => {
    const space = fc.constantFrom('', ' ', '\n\t');
    fc.assert(
      fc.property(fc.array(fc.json()), fc.string(), space, (elements, key, gap) => {
        const text = `{${gap}"":[0],${JSON.stringify(key)}${gap}:${gap}[${gap}${elements.join(`${gap},${gap}`)}${gap}]${gap}}`;
        const read = (JSON.parse(text) as Record<string, unknown[]>)[key];
        expect(slices(text, key).map((slice) => JSON.parse(slice))).toEqual(read);
      }),
    );
  });
});
