import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { TABLES } from '../../jobs/tables.ts';
import { compareTables, type TableComparison } from './compare.ts';
import {
  broughtBackLake,
  clockChangeLake,
  lateLakes,
  midnightLake,
  plantedLake,
  recordingLakes,
  seasonLakes,
  type TestLake,
} from './lakes.ts';
import { isAsked, type SparkAnswer, type SparkRun, sparkRuns } from './spark-runs.ts';

const SEASONS = Number(process.env.SPARK_SEASONS ?? 2);
const LIMIT_MS = 1_800_000;
/** What the recordings come to (../shared/data/README.md): settled changes, spans, station hours. */
const FIGURES: Readonly<Record<string, readonly [number, number]>> = {
  boulder: [5_609, 2_112],
  wienmobil: [21_638, 44_109],
  docomo: [109_822, 26_929],
};

/** Where runs are ended, counted in replaced partitions: settle replaces five a day, audit two, Gold one, two and two. */
const ENDS = ['after 1', 'before 8', 'after 15'] as const;

describe.skipIf(!isAsked)('DuckDB and Spark', () => {
  let room = '';
  let lakes: TestLake[] = [];
  let answers: SparkAnswer[] = [];
  const compared = new Map<string, Record<string, TableComparison>>();
  let whole: TestLake;
  let early: TestLake;
  const answerOf = (name: string): SparkAnswer => {
    const answer = answers.find((a) => a.name === name);
    if (answer === undefined) throw new Error(`${name} was not run`);
    return answer;
  };

  beforeAll(async () => {
    room = mkdtempSync(join(tmpdir(), 'bikelake-spark-room-'));
    const lateLake = lateLakes();
    const { late } = lateLake;
    ({ whole, early } = lateLake);
    const small = [clockChangeLake(), broughtBackLake(), plantedLake(), whole];
    lakes = [...(await recordingLakes()), ...(await seasonLakes(SEASONS)), ...small];
    for (const { root } of lakes) await settleLake(root);
    const ended = ENDS.flatMap((ends, i): SparkRun[] => {
      const run = { ...whole, warehouse: `ended-${i}` };
      return [
        { ...run, name: `ended ${ends}`, ends },
        { ...run, name: `gone on ${ends}` },
      ];
    });
    const midnight = await midnightLake();
    lakes.push(midnight);
    await settleLake(midnight.root);
    const until = { ...midnight, name: 'until midnight', until: '2026-11-21T00:20:00Z' };
    const again: SparkRun[] = [
      early,
      { ...early, name: 'early again' },
      { ...early, name: 'with late rows', add: late },
    ];
    answers = await sparkRuns(room, [until, ...lakes, ...ended, ...again]);
    for (const { name, root } of lakes) compared.set(name, await compareTables(root, answerOf(name)));
  }, LIMIT_MS);
  afterAll(() => {
    for (const lake of [...lakes, whole, early]) lake.remove();
    rmSync(room, { recursive: true });
  });

  test('every lake was compared, every table of it, and each table somewhere with rows', () => {
    expect([...compared.keys()]).toEqual(lakes.map(({ name }) => name));
    for (const { name } of TABLES) {
      const rows = [...compared.values()].map((tables) => tables[name]?.rows ?? 0);
      expect(Math.max(...rows), name).toBeGreaterThan(0);
    }
  });

  test('the same rows in every table', () => {
    expect([...compared].flatMap(([lake, tables]) => differing(tables).map((d) => ({ lake, ...d })))).toEqual([]);
  });

  test('an unexplained difference of log and settled days is found, and told by the exit code', () => {
    const { code, report } = answerOf('planted');
    expect(code).toBe(3);
    expect(report).toMatchObject({ settled_changes: 60, audit_missing: 10, audit_extra: 10, audit_explained: 0 });
  });

  test('a day that has begun waits, and what the log has of it is no difference', () => {
    const { code, report } = answerOf('until midnight');
    expect(report).toMatchObject({
      dates: ['2026-11-20'],
      incomplete: [],
      ledger_difference: 0,
      audit_missing: 0,
      audit_extra: 0,
    });
    expect(code).toBe(0);
    // Gone on with, from the same tables: `midnight` is compared with DuckDB, as all lakes are.
    expect(answerOf('midnight').report).toMatchObject({ dates: ['2026-11-21'], ledger_difference: 0 });
  });

  test('again without anything new: no table has another snapshot', () => {
    const { report, snapshots } = answerOf('early again');
    expect(report.dates).toEqual([]);
    expect(snapshots).toEqual(answerOf('early').snapshots);
  });

  test('with rows that came late: what one run over all comes to, and the other day is not replaced', async () => {
    const answer = answerOf('with late rows');
    expect(differing(await compareTables(whole.root, answer))).toEqual([]);
    expect(answer.report.dates).toContain('2026-11-20');
    expect(answer.snapshots['silver.station_status']).toBe(
      (answerOf('early').snapshots['silver.station_status'] ?? 0) + 1,
    );
  });

  test.each(ENDS)('ended %s, and run again: the same tables, by as many snapshots', async (ends) => {
    expect(answerOf(`ended ${ends}`).code).toBeNull();
    const answer = answerOf(`gone on ${ends}`);
    expect(differing(await compareTables(whole.root, answer))).toEqual([]);
    expect(snapshotsWithRows(answer)).toEqual(snapshotsWithRows(answerOf('whole')));
  });

  test('the recordings come to their figures, and have no finding', () => {
    for (const { name, code } of answers) {
      const figures = FIGURES[name];
      if (figures === undefined) continue;
      const tables = compared.get(name);
      expect([tables?.['silver.station_status']?.rows, tables?.['gold.station_hourly']?.rows], name).toEqual(figures);
      expect(code, name).toBe(0);
    }
  });
});

const differing = (tables: Readonly<Record<string, TableComparison>>) =>
  Object.entries(tables)
    .filter(([, { only_duckdb, only_spark, apart }]) => only_duckdb + only_spark + apart > 0)
    .map(([table, counts]) => ({ table, ...counts }));

/** A partition that has no row and gets none is replaced as well: such a snapshot changes nothing. */
const snapshotsWithRows = ({ files, snapshots }: SparkAnswer) =>
  Object.fromEntries(Object.entries(snapshots).filter(([table]) => (files[table] ?? []).length > 0));
