import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { TABLES } from '../../jobs/tables.ts';
import { compareTables, type TableComparison } from './compare.ts';
import { broughtBackLake, clockChangeLake, recordingLakes, seasonLakes, type TestLake } from './lakes.ts';
import { isAsked, type SparkAnswer, sparkRuns } from './spark-runs.ts';

const SEASONS = Number(process.env.SPARK_SEASONS ?? 2);
const LIMIT_MS = 1_800_000;
/** What the recordings come to (../shared/data/README.md): settled changes, spans, station hours. */
const FIGURES: Readonly<Record<string, readonly [number, number]>> = {
  boulder: [5_609, 2_112],
  wienmobil: [21_638, 44_109],
  docomo: [109_822, 26_929],
};

describe.skipIf(!isAsked)('DuckDB and Spark', () => {
  const room = mkdtempSync(join(tmpdir(), 'bikelake-spark-room-'));
  let lakes: TestLake[] = [];
  let answers: SparkAnswer[] = [];
  const compared = new Map<string, Record<string, TableComparison>>();

  beforeAll(async () => {
    lakes = [...(await recordingLakes()), ...(await seasonLakes(SEASONS)), clockChangeLake(), broughtBackLake()];
    for (const { root } of lakes) await settleLake(root);
    answers = await sparkRuns(room, lakes);
    for (const [i, { name, root }] of lakes.entries()) {
      const answer = answers[i];
      if (answer !== undefined) compared.set(name, await compareTables(root, answer));
    }
  }, LIMIT_MS);
  afterAll(() => {
    for (const lake of lakes) lake.remove();
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
    const differences = [...compared].flatMap(([lake, tables]) =>
      Object.entries(tables)
        .filter(([, { only_duckdb, only_spark, apart }]) => only_duckdb + only_spark + apart > 0)
        .map(([table, counts]) => ({ lake, table, ...counts })),
    );
    expect(differences).toEqual([]);
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
