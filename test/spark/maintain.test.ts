import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lateLakes } from './lakes.ts';
import { isAsked, type SparkAnswer, sparkRuns } from './spark-runs.ts';

const STATUS = 'silver.station_status';
const DAY_S = 86_400;
const LIMIT_MS = 900_000;

describe.skipIf(!isAsked)('maintain', () => {
  const room = mkdtempSync(join(tmpdir(), 'bikelake-spark-room-'));
  const { whole, early, late } = lateLakes();
  whole.remove();
  const folder = join(early.dir, 'iceberg', 'silver', 'station_status');
  const planted = (name: string): string => join(folder, 'data', name);
  const answers: SparkAnswer[] = [];
  const [of, there] = [(n: number): SparkAnswer => answers[n] as SparkAnswer, [] as string[][]];

  /** What a killed run leaves: files that no snapshot names; one of them so young that a run may be writing it. */
  function plant(): void {
    mkdirSync(planted(''), { recursive: true });
    for (const [name, days] of [['old.parquet', 5], ['young.parquet', 0]] as const) {
      writeFileSync(planted(name), 'left');
      const at_s = Date.now() / 1000 - days * DAY_S;
      utimesSync(planted(name), at_s, at_s);
    }
  } // biome-ignore format: a table

  beforeAll(async () => {
    answers.push(...(await sparkRuns(room, [early, { ...early, name: 'late', add: late }])));
    plant();
    for (const [name, maintain] of [['dry', [true, 0]], ['kept', [false, 3]], ['now', [false, 0]]] as const) {
      const [answer] = await sparkRuns(room, [{ ...early, name, steps: ['maintain'], maintain }]);
      if (answer !== undefined) answers.push(answer);
      there.push(readdirSync(planted('')).filter((file) => file === 'old.parquet' || file === 'young.parquet'));
    }
    answers.push(...(await sparkRuns(room, [{ ...early, name: 'after' }])));
  }, LIMIT_MS); // biome-ignore format: a table
  afterAll(() => {
    early.remove();
    rmSync(room, { recursive: true });
  });

  test('a dry run tells what would go, and changes nothing', () => {
    const { report, snapshots, files } = of(2);
    expect(report.maintained?.[STATUS]).toMatchObject({ orphans: 1, files_merged: 0 });
    expect(report.maintained?.[STATUS]?.snapshots_expired).toBe((of(1).snapshots[STATUS] ?? 0) - 1);
    expect([snapshots, files]).toEqual([of(1).snapshots, of(1).files]);
    expect(there[0]).toEqual(['old.parquet', 'young.parquet']);
  });

  test('readers of every snapshot of the last days read the same as before; what a killed run left is gone, what may be being written is not', () => {
    const [before, after] = [of(2).versions, of(3).versions];
    expect(Object.keys(before[STATUS] ?? {}).length).toBeGreaterThan(1);
    for (const [table, versions] of Object.entries(before)) expect(after[table], table).toMatchObject(versions);
    expect(of(3).report.maintained?.[STATUS]).toMatchObject({ orphans: 1, snapshots_expired: 0 });
    expect(there[1]).toEqual(['young.parquet']);
  });

  test('older snapshots go, with the files that they alone name; the rows stay', () => {
    const { versions, report, files } = of(4);
    for (const [table, own] of Object.entries(versions)) {
      const newest = Object.values(of(3).versions[table] ?? {}).at(-1);
      expect([table, Object.values(own)]).toEqual([table, newest === undefined ? [] : [newest]]);
    }
    expect(report.maintained?.[STATUS]?.snapshots_expired).toBeGreaterThan(0);
    const data = readdirSync(join(folder, 'data'), { recursive: true, encoding: 'utf8' });
    const parquet = data.filter((file) => file.endsWith('.parquet') && file !== 'young.parquet');
    expect(parquet.length).toBe(files[STATUS]?.length);
    expect(files[STATUS]?.every((url) => existsSync(new URL(url)))).toBe(true);
  });

  test('the next run makes nothing again', () => {
    expect(of(5).report.dates).toEqual([]);
    expect(of(5).snapshots).toEqual(of(4).snapshots);
  });
});
