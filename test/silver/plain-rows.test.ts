import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ColumnType, fromParquet, toParquet } from '../../lib/parquet.ts';
import { fromPlain, toPlain } from './plain-rows.ts';

const COLUMNS: Record<string, ColumnType> = {
  s: 'STRING',
  i: 'INT32',
  l: 'INT64',
  d: 'DOUBLE',
  b: 'BOOLEAN',
  t: 'TIMESTAMP',
};

const orNull = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null });
const arbRow = fc.record(
  {
    s: orNull(fc.string({ unit: 'binary-ascii' })),
    i: orNull(fc.integer()),
    l: orNull(fc.maxSafeInteger()),
    d: orNull(fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0)),
    b: orNull(fc.boolean()),
    t: orNull(fc.integer({ min: -1e12, max: 4e12 })),
    not_in_the_table: fc.constant('x'),
  },
  { requiredKeys: ['s'] },
);

test('what the rows keep and lose as JSON is what they keep and lose in Parquet', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbRow, { minLength: 1, maxLength: 5 }), async (rows) => {
      expect(fromPlain(toPlain(COLUMNS, rows))).toEqual(await fromParquet(toParquet(COLUMNS, rows)));
    }),
    { numRuns: 100, seed: 1 },
  );
});
