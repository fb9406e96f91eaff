import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Figures, figuresOf } from '../../jobs/duckdb/figures.ts';
import { queryLake } from '../../jobs/duckdb/query-lake.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { hasSharedData, hasTimeForLarge } from '../shared.ts';
import { writeRecordingLake } from './recording-lake.ts';
import { RECORDINGS, TOTALS } from './recordings.ts';

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
    const { rows } = await queryLake(root, TOTALS);
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
