import { describe, expect, it } from 'vitest';
import { firehoseBytes, itemBytes, putUnits, readUnits, writeUnits } from '../../cost/measure/rounding.ts';

const KIB = 1024;

describe('what AWS rounds', () => {
  it.each([
    [0, 1],
    [1, 1],
    [25 * KIB, 1],
    [25 * KIB + 1, 2],
    [1024 * KIB, 41],
  ])('a record of %i bytes is %i PUT units', (bytes, units) => {
    expect(putUnits(bytes)).toBe(units);
  });

  it.each([
    [3 * KIB, 5 * KIB],
    [5 * KIB, 5 * KIB],
    [12 * KIB, 15 * KIB],
  ])('Firehose bills a record of %i bytes as %i', (bytes, billed) => {
    expect(firehoseBytes(bytes)).toBe(billed);
  });

  it.each([
    [1, 1],
    [1024, 1],
    [1025, 2],
    [399 * KIB, 399],
  ])('an item of %i bytes is written for %i units', (bytes, units) => {
    expect(writeUnits(bytes)).toBe(units);
  });

  it.each([
    [0, false, 0.5],
    [4096, false, 0.5],
    [4097, false, 1],
    [4097, true, 2],
  ])('an item of %i bytes, consistent %s, is read for %d units', (bytes, consistent, units) => {
    expect(readUnits(bytes, consistent)).toBe(units);
  });

  it('an item counts its names, text as UTF-8, binary without base64', () => {
    expect(itemBytes({ lane: { S: 'ö' } })).toBe(4 + 2);
    expect(itemBytes({ c: { B: Buffer.alloc(1000).toString('base64') } })).toBe(1 + 1000);
    expect(itemBytes({ version: { N: '1234' } })).toBe(7 + 3);
    expect(itemBytes({ m: { M: { a: { S: 'xy' } } } })).toBe(1 + 3 + 1 + (1 + 2));
  });
});
