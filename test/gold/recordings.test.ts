import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Figures, figuresOf } from '../../jobs/duckdb/figures.ts';
import { queryLake } from '../../jobs/duckdb/query-lake.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { hasSharedData, hasTimeForLarge, sharedData } from '../shared.ts';
import { type RecordedSystem, writeRecordingLake } from './recording-lake.ts';

const series = (name: string): string => sharedData(`series/${name}.ndjson.gz`);

/** What must come out of the recordings: the tables of ../shared/data/README.md, computed there by independent arithmetic. */
const RECORDINGS: readonly (RecordedSystem & { polls: number; failed: number; observations: number; silver: number; gold: readonly number[] })[] = [
  {
    file: series('boulder_2022-04'), system_id: 'boulder', interval_s: 60, time_zone: 'America/Denver',
    polls: 2_765, failed: 18, observations: 120_868, silver: 5_528,
    gold: [5_609, 2_112, 7_601_220, 34_408_953, 1_191_562, 120_759, 32_848, 2_929, 2_916, 5_484],
  },
  {
    file: series('wienmobil_2025-11'), system_id: 'wienmobil', interval_s: 600, time_zone: 'Europe/Vienna',
    polls: 1_006, failed: 0, observations: 262_566, silver: 19_920,
    gold: [21_638, 44_109, 157_738_743, 2_177_116_938, 3_786_971, 69_555_324, 0, 12_386, 12_519, 19_659],
  },
  {
    file: series('docomo_2022-06-29'), system_id: 'docomo', interval_s: 60, time_zone: 'Asia/Tokyo',
    polls: 1_500, failed: 0, observations: 1_615_611, silver: 108_862,
    gold: [109_822, 26_929, 96_869_717, 518_954_876, 26_208_389, 23_128_338, 15_888, 46_005, 45_982, 107_782],
  },
]; // biome-ignore format: a table

const wanted = RECORDINGS.filter(({ system_id }) => hasTimeForLarge || system_id !== 'docomo');

describe.skipIf(!hasSharedData).each(wanted)('the recording $system_id', (recording) => {
  const dir = mkdtempSync(join(tmpdir(), 'bikelake-recording-'));
  const root = join(dir, 's3', 'bikelake-dev-lake');
  let figures: Figures;
  beforeAll(async () => {
    await writeRecordingLake(root, recording);
    await settleLake(root);
    figures = await figuresOf(root);
  }, 120_000);
  afterAll(() => rmSync(dir, { recursive: true }));

  test('every total of Gold', async () => {
    const { rows } = await queryLake(
      root,
      `SELECT (SELECT count(*) FROM silver.station_status), count(*), sum(observed_seconds),
         CAST(round(sum(bikes_mean * observed_seconds)) AS BIGINT), sum(empty_seconds), sum(full_seconds), sum(closed_seconds),
         sum(falls), sum(rises), sum(changes)
       FROM gold.station_hourly`,
    );
    expect(rows[0]).toEqual(recording.gold);
  });

  test('every figure of the ledger', () => {
    expect(figures).toMatchObject({
      polls: recording.polls,
      polls_failed: recording.failed,
      fetched: recording.observations,
      bronze_rows: recording.observations,
      bronze_distinct: recording.observations,
      silver_rows: recording.silver,
      settled_changes: recording.silver,
      audit_missing: 0,
      audit_extra: 0,
      audit_explained: 0,
      ledger_difference: 0,
    });
  });

  test('the sums of systems are those of their stations', async () => {
    const { rows } = await queryLake(
      root,
      `SELECT sum(observed_seconds), sum(bike_seconds), sum(empty_seconds), sum(full_seconds), sum(closed_seconds),
         sum(falls), sum(rises), sum(changes) FROM gold.system_hourly
       UNION ALL
       SELECT sum(observed_seconds), sum(bike_seconds), sum(empty_seconds), sum(full_seconds), sum(closed_seconds),
         sum(falls), sum(rises), sum(changes) FROM gold.system_daily GROUP BY day_kind`,
    );
    const totals = recording.gold.slice(2);
    expect(rows).toEqual([totals, totals, totals]);
  });
});
