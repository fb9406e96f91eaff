import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SCHEMA_FILE, sparkSchema } from '../../jobs/spark/schema.ts';

test('the Spark job knows the columns, types and formats that the program has: node jobs/spark/schema.ts writes them', () => {
  expect(readFileSync(SCHEMA_FILE, 'utf8')).toBe(sparkSchema());
});
