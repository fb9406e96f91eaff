import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { markDirty } from '../../lib/gold/dirty.ts';
import { chunk, MINUTE, receipt, SmallLake, START } from './small-lake.ts';

let lake: SmallLake;
beforeEach(() => {
  lake = new SmallLake();
});
afterEach(() => lake.remove());

const store = {
  put: async (key: string, bytes: Uint8Array): Promise<void> => {
    mkdirSync(dirname(join(lake.root, key)), { recursive: true });
    writeFileSync(join(lake.root, key), bytes);
  },
};
const poll = (n: number) => [
  ...chunk({ slot_ms: START + n * MINUTE, sequence: n + 100 }, { a: { bikes: n } }),
  receipt({ slot_ms: START + n * MINUTE, sequence: n + 500 }, 1),
];
const marks = (): string[] =>
  existsSync(join(lake.root, 'dirty')) ? readdirSync(join(lake.root, 'dirty', '2026-11-21')) : [];

test('a marked day is settled again although nothing is new, and the mark is gone', async () => {
  lake.bronze(poll(0));
  await settleLake(lake.root);
  expect((await settleLake(lake.root)).made).toEqual([]);
  await markDirty(store, { format: 1, date: '2026-11-21', command: 'rebuild', removed: [] }, '1');
  expect(marks()).toEqual(['rebuild-1.json']);
  const made = ['settle', 'hours', 'totals', 'quality', 'audit'].map((what) => `${what} 2026-11-21`);
  expect((await settleLake(lake.root)).made).toEqual(made);
  expect(marks()).toEqual([]);
});

test('a Bronze file that was taken away on purpose is not asked for; another one is', async () => {
  lake.bronze(poll(0));
  lake.bronze(poll(1));
  await settleLake(lake.root);
  const folder = join(lake.root, 'bronze/events/dt=2026-11-21/hh=00');
  const key = 'bronze/events/dt=2026-11-21/hh=00/0002.parquet';
  renameSync(join(folder, '0002.parquet'), join(lake.dir, 'taken.parquet'));
  await markDirty(store, { format: 1, date: '2026-11-21', command: 'rebuild', removed: [] }, '1');
  await expect(settleLake(lake.root)).rejects.toThrow(`${key}, which holds rows of it, is gone`);
  await markDirty(store, { format: 1, date: '2026-11-21', command: 'reload', removed: [key] }, '1');
  expect((await settleLake(lake.root)).settled_changes).toBe(1);
});

test('a file among the marks that is none is named', async () => {
  lake.bronze(poll(0));
  await store.put('dirty/2026-11-21/x.json', Buffer.from('{"format":2}'));
  await expect(settleLake(lake.root)).rejects.toThrow('dirty/2026-11-21/x.json is no mark of format 1');
});
