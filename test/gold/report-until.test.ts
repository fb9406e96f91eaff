import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { figuresOf } from '../../jobs/duckdb/figures.ts';
import { ledgerOf } from '../../jobs/duckdb/ledger.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { writeReport } from '../../jobs/report.ts';
import { chainLake, minutePolls } from './chain-lake.ts';
import { at, chunk, MINUTE, receipt, SmallLake } from './small-lake.ts';

const UNTIL = '2026-11-22T00:45:00Z';
let lake: SmallLake;
/** A poll of the first day runs on the second, so that a folder of the second holds it; and the newest file of Bronze is still to come. */
beforeAll(async () => {
  const polls = minutePolls(at('2026-11-21T23:40:00Z'), at('2026-11-22T00:30:00Z'));
  const [late] = polls.splice(18, 1);
  if (late !== undefined) polls.splice(25, 0, { ...late, at_ms: late.slot_ms + 7.5 * MINUTE });
  lake = await chainLake(polls);
  const files = readdirSync(join(lake.root, 'bronze'), { recursive: true, encoding: 'utf8' }).filter((f) =>
    f.endsWith('.parquet'),
  );
  rmSync(join(lake.root, 'bronze', files.sort().at(-1) ?? ''));
}, 60_000);
afterAll(() => lake.remove());

const report = async (until: string | null) =>
  writeReport(lake.root, { run: 'r', until, settled: await settleLake(lake.root, { until }), seconds: {} });

test('a day that has begun waits, and what the log has of it is no difference', async () => {
  expect(await report(UNTIL)).toMatchObject({
    until: UNTIL,
    dates: ['2026-11-21'],
    incomplete: [],
    ledger_difference: 0,
    audit_missing: 0,
    audit_extra: 0,
  });
  expect(await lake.rows('SELECT DISTINCT event_date FROM silver.polls')).toEqual([['2026-11-21']]);
  // The late poll: lines of the first day that the log consumed in a folder of the second.
  expect(
    await lake.rows('SELECT CAST(sum(lines) AS INT) FROM gold.ledger_lanes_daily WHERE chain_date > event_date'),
  ).toEqual([[5]]);
}, 60_000);

test('settled all the same, it is a difference, but not of a report until then, nor of the ledger', async () => {
  const all = await report(null);
  expect(all.dates).toEqual(['2026-11-22']);
  expect(all.ledger_difference).toBeGreaterThan(0);
  expect(all.incomplete).toEqual(['2026-11-22']);
  expect((await figuresOf(lake.root, { until: UNTIL })).ledger_difference).toBe(0);
  expect(await report(UNTIL)).toMatchObject({ dates: [], ledger_difference: 0, audit_missing: 0, audit_extra: 0 });
  const reasons = async (until: string | null, quick: boolean) =>
    (await ledgerOf(lake.root, { until, quick })).findings.filter((f) => f.level === 'finding').map((f) => f.reason);
  expect(await reasons(null, true)).toContain('lanes_differ');
  for (const quick of [true, false]) expect(await reasons(UNTIL, quick)).toEqual([]);
}, 120_000);

test('a day is incomplete while a planned group has no receipt from after it; once it has, however late, no more', async () => {
  const two = new SmallLake();
  try {
    two.plan([{ group_id: 'g' }, { group_id: 'h' }]);
    const poll = (iso: string, sequence: number, group_id = 'g') => [
      ...chunk({ slot_ms: at(iso), sequence }, { s: { bikes: sequence } }),
      receipt({ slot_ms: at(iso), sequence: sequence + 50 }, 1, { group_id }),
    ];
    const incomplete = async () => {
      const settled = await settleLake(two.root);
      return (await writeReport(two.root, { run: 'r', until: null, settled, seconds: {} })).incomplete;
    };
    two.bronze([...poll('2026-11-20T10:00:00Z', 1), ...poll('2026-11-21T00:00:00Z', 2)]);
    expect(await incomplete()).toEqual(['2026-11-20', '2026-11-21']);
    // A row of the first day comes late, after the group's first poll; events without a receipt keep nothing open.
    two.bronze([...poll('2026-11-20T10:01:00Z', 3).slice(0, 1), ...poll('2026-11-21T12:00:00Z', 4, 'h')]);
    expect(await incomplete()).toEqual(['2026-11-21']);
  } finally {
    two.remove();
  }
}, 60_000);
