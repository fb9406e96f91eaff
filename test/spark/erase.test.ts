import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../jobs/duckdb/connection.ts';
import { literal } from '../../jobs/duckdb/relation.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { parseErasure } from '../../lib/gold/erasure.ts';
import { icebergNotes } from '../../recover/erase.ts';
import type { SmallLake } from '../gold/small-lake.ts';
import { pollSeason } from '../pipeline/polling.ts';
import { eraseFolder, seasonLake, twoSystems } from '../recover/erase-lake.ts';
import { compareTables } from './compare.ts';
import { isAsked, type SparkAnswer, type SparkRun, sparkRuns } from './spark-runs.ts';

const GONE = 'two';
const KEY = `erased/${GONE}.json`;
const STATUS = 'silver.station_status';
const LIMIT_MS = 1_800_000;

describe.skipIf(!isAsked)('erase', () => {
  const room = mkdtempSync(join(tmpdir(), 'bikelake-spark-erase-'));
  let lake: SmallLake;
  let notes: string[][];
  const answers: SparkAnswer[] = [];
  const of = (n: number): SparkAnswer => answers[n] as SparkAnswer;
  const noteOf = () => icebergNotes(lake.dir, parseErasure(readFileSync(join(lake.root, KEY), 'utf8'), KEY));

  beforeAll(async () => {
    // A few polls of one day: each run plans every query, whatever the rows are.
    const [drawn] = fc.sample(twoSystems, { numRuns: 1, seed: 20261122 });
    if (drawn === undefined) throw new Error('no season');
    const polls = drawn.polls.slice(0, 4).map((poll) => ({ ...poll, minutes: 1, late: 0, is_missing: false }));
    const season = { ...drawn, start: 700, polls };
    lake = await seasonLake(season, (await pollSeason(season)).stored, ['one', GONE]);
    await settleLake(lake.root);
    const run = (name: string, steps?: readonly string[], maintain?: readonly [boolean, number]): SparkRun => ({ name, dir: lake.dir, root: lake.root, ...(steps && { steps }), ...(maintain && { maintain }) }); // biome-ignore format: one line
    answers.push(...(await sparkRuns(room, [run('before', undefined, [false, 3])])));
    await eraseFolder(lake.root, GONE);
    await settleLake(lake.root);
    notes = [noteOf()];
    answers.push(...(await sparkRuns(room, [run('dry', ['erase'], [true, 3]), run('erase', ['erase'], [false, 3]), run('again', ['erase', 'settle', 'audit', 'gold'], [false, 3]), run('maintain', ['maintain'], [false, 0])]))); // biome-ignore format: one line
    notes.push(noteOf());
  }, LIMIT_MS);
  afterAll(() => {
    lake.remove();
    rmSync(room, { recursive: true });
  });

  test('a dry run tells what would go, and changes nothing', () => {
    expect(of(1).report.erased?.[STATUS]).toBeGreaterThan(0);
    expect(of(1).snapshots).toEqual(of(0).snapshots);
  });

  test('each table is without the system, in one commit; the others have the rows that they had', async () => {
    expect(of(2).report.erased).toEqual(of(1).report.erased);
    for (const [table, n] of Object.entries(of(2).snapshots)) {
      const isErased = table in (of(2).report.erased ?? {});
      expect([table, n - (of(1).snapshots[table] ?? 0)]).toEqual([table, isErased ? 1 : 0]);
    }
    for (const n of [2, 3]) {
      for (const [table, compared] of Object.entries(await compareTables(lake.root, of(n))))
        expect([table, compared]).toMatchObject([table, { only_duckdb: 0, only_spark: 0, apart: 0 }]);
    }
    expect(of(3).code).toBe(0);
    expect(of(3).report).toMatchObject({ ledger_difference: 0, audit_missing: 0, audit_extra: 0 });
  });

  test('a reader that began before reads on, until the snapshots expire', () => {
    for (const [table, versions] of Object.entries(of(0).versions))
      expect(of(3).versions[table], table).toMatchObject(versions);
  });

  test('a second run erases nothing, and settle does not bring it back', () => {
    expect(of(3).report.erased).toEqual({});
    expect(of(3).report.dates.length).toBeGreaterThan(0);
  });

  test('after maintain no file of the tables has a row of it', async () => {
    const folder = join(lake.dir, 'iceberg');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.parquet'),
    );
    await using db = await Database.open({ threads: 2, memory_mb: 256, spill_dir: join(room, 'spill') });
    const list = files.map((file) => literal(join(folder, file))).join(', ');
    expect(files.length).toBeGreaterThan(5);
    const [row] = await db.rows<{ n: number }>(
      `SELECT count(*) AS n FROM read_parquet([${list}], union_by_name = true, hive_partitioning = false) WHERE system_id = '${GONE}'`,
    );
    expect(row?.n).toBe(0);
    expect(readFileSync(join(folder, 'runs', 'manifest.json'), 'utf8')).not.toContain(`"${GONE}"`);
  });

  test('the command asks for it until it is done', () => {
    expect(notes).toEqual([[expect.stringContaining('npm run spark -- erase')], []]);
  });
});
