import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { figuresOf } from '../../jobs/duckdb/figures.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { activeRanges, type Reload } from '../../lib/gold/reload.ts';
import type { Row } from '../../lib/parquet.ts';
import { bronzePaths, openWindow } from '../../recover/bronze-window.ts';
import { readPlanOf } from '../../recover/lake-plan.ts';
import { reloadLake, undoReload } from '../../recover/reload-lake.ts';
import { fromRaw, fromRecording } from '../../recover/reload-source.ts';
import { at, chunk, receipt, SmallLake } from '../gold/small-lake.ts';
import { LakeObjects } from './lake-objects.ts';

const t = (time: string, day = '21'): number => at(`2026-11-${day}T${time}:00Z`);
const DAY = { from_ms: t('00:00'), until_ms: t('00:00', '22') };
const SYSTEMS = ['sys', 'other'].map((system_id) => ({ system_id, interval_s: 60, time_zone: 'UTC' }));

let lake: SmallLake;
beforeEach(() => {
  lake = new SmallLake(SYSTEMS);
});
afterEach(() => lake.remove());

/** A poll whose parser took the bikes for something else: the rows say `wrong`, their raw records `right`. */
function wrongPoll(
  sequence: number,
  slot_ms: number,
  stations: Readonly<Record<string, { wrong: number; right: number }>>,
  system_id = 'sys',
): Row[] {
  const seen = Object.fromEntries(Object.entries(stations).map(([id, { wrong }]) => [id, { bikes: wrong }]));
  const rows = chunk({ slot_ms, sequence, system_id }, seen).map((row) => {
    const right = stations[String(row.station_id)]?.right;
    return { ...row, raw: `{"station_id":"${String(row.station_id)}","num_bikes_available":${right}}` };
  });
  return [...rows, receipt({ slot_ms, sequence: sequence + 100, system_id }, rows.length)];
}

/** Two days of two systems: on the 21st `sys` was read wrongly, and its last record is none for the parser of today. */
function wrongDay(): void {
  lake.bronze([
    ...wrongPoll(1, t('23:59', '20'), { a: { wrong: 1, right: 1 } }),
    ...wrongPoll(2, t('10:00'), { a: { wrong: 9, right: 1 }, b: { wrong: 9, right: 2 } }),
    ...wrongPoll(3, t('10:01'), { a: { wrong: 8, right: 3 }, b: { wrong: 9, right: -1 } }),
    receipt({ slot_ms: t('10:02'), sequence: 104 }, 0, { status: 'failed', reason: 'http_503' }),
    ...wrongPoll(5, t('00:00', '22'), { a: { wrong: 3, right: 3 } }),
    ...wrongPoll(6, t('10:00'), { o: { wrong: 4, right: 5 } }, 'other'),
  ]);
  const change = (station_id: string, slot_ms: number, bikes: number) => ({ station_id, slot_ms, seen: { bikes } });
  lake.log([1, 4], { fresh: 4, unchanged: 1 }, [change('a', t('23:59', '20'), 1), change('a', t('10:00'), 9), change('b', t('10:00'), 9), change('a', t('10:01'), 8)]);
  lake.log([5, 5], { fresh: 1 }, [change('a', t('00:00', '22'), 3)]);
  lake.log([6, 6], { fresh: 1 }, []);
} // biome-ignore format: literals

async function reload(objects = new LakeObjects(lake.root), dry_run = false) {
  const system = await planned(objects);
  const bronze = bronzePaths({ lake_folder: lake.root, lake: objects });
  try {
    await using db = await openWindow(bronze, { system_ids: ['sys'], ...DAY }, []);
    const options = { system, ...DAY, source: 'raw' as const, dry_run, progress: () => undefined };
    return { ...(await reloadLake(objects, () => fromRaw(db, system, DAY), options)), effects: objects.effects };
  } finally {
    bronze.end();
  }
}

async function planned(objects: LakeObjects) {
  const plan = await readPlanOf({ where: 'folder', lake: objects });
  const system = plan.groups[0]?.systems.find((s) => s.system_id === 'sys');
  if (system === undefined) throw new Error('the plan has no sys');
  return system;
}

async function settled() {
  await settleLake(lake.root);
  const { ledger_difference, audit_missing, audit_extra } = await figuresOf(lake.root);
  return {
    polls: await lake.rows(
      "SELECT strftime(slot, '%d %H:%M'), status, fetched, accepted, rejected, rejected_reasons FROM silver.polls WHERE system_id = 'sys' ORDER BY slot",
    ),
    spans: await lake.rows(
      "SELECT station_id, strftime(valid_from, '%d %H:%M'), num_bikes_available, is_change FROM silver.station_status WHERE system_id = 'sys' ORDER BY ALL",
    ),
    other: await lake.rows("SELECT num_bikes_available FROM silver.station_status WHERE system_id = 'other'"),
    bronze: await lake.rows("SELECT count(*) FROM bronze.station_status WHERE system_id = 'sys'"),
    wrong: [ledger_difference, audit_missing, audit_extra],
  };
}

const RIGHT = {
  polls: [
    ['20 23:59', 'ok', 1, 1, 0, null],
    ['21 10:00', 'ok', 2, 2, 0, null],
    ['21 10:01', 'ok', 2, 1, 1, '{"negative_count":1}'],
    ['21 10:02', 'failed', 0, 0, 0, null],
    ['22 00:00', 'ok', 1, 1, 0, null],
  ],
  spans: [
    ['a', '20 23:59', 1, true],
    ['a', '21 10:00', 1, true],
    ['a', '21 10:01', 3, true],
    ['a', '22 00:00', 3, true],
    ['b', '21 10:00', 2, true],
  ],
  other: [[4]],
  bronze: [[5]],
};

test('a day that was read wrongly: loaded from its raw records, no other day and system differs, the ledger of lanes balances', async () => {
  wrongDay();
  const before = await settled();
  expect(before.spans).toContainEqual(['a', '21 10:00', 9, true]);
  expect(await reload(undefined, true)).toMatchObject({ effects: [], dirty: ['2026-11-21'] });
  const { counts, effects } = await reload();
  expect(counts).toEqual({ polls: 3, events: 3, events_that_differ: 4 });
  expect(effects.map((effect) => effect.replaceAll(/-[0-9a-f]{12,16}/g, '-…'))).toEqual([
    'put dirty/2026-11-21/reload-000001-….json',
    'put bronze/events/dt=2026-11-21/hh=10/reload-000001-…-….parquet',
    'put reloads/000001-….json',
  ]);
  const after = await settled();
  expect(after).toMatchObject(RIGHT);
  expect(before.wrong).toEqual([0, 1, 0]); // the log of the other system
  expect(after.wrong).toEqual(before.wrong);
  expect(await lake.rows('SELECT sum(lines), sum(difference) FROM gold.ledger_lanes')).toEqual([[7, 0]]);

  const files = lake.files();
  expect(await reload()).toMatchObject({ effects: [], dirty: [] });
  expect((await settleLake(lake.root)).made).toEqual([]);
  expect(lake.files()).toEqual(files);

  const objects = new LakeObjects(lake.root);
  const [[id] = []] = await lake.rows('SELECT DISTINCT reload_id FROM bronze.reloads');
  await undoReload(objects, String(id), false);
  expect(await settled()).toEqual(before);
});

test.each([1, 2].flatMap((n) => (['before', 'after'] as const).map((when) => [n, when] as const)))(
  'ended at effect %i, %s it, and settled: the old day or the new one; run again: the new one',
  async (n, when) => {
    wrongDay();
    await expect(reload(new LakeObjects(lake.root, { at: n, when }))).rejects.toThrow('killed');
    const between = await settled();
    expect(between.spans).toContainEqual(
      n === 2 && when === 'after' ? ['a', '21 10:00', 1, true] : ['a', '21 10:00', 9, true],
    );
    await reload();
    expect(await settled()).toMatchObject(RIGHT);
    expect((await new LakeObjects(lake.root).keys('bronze/')).length).toBe(2);
  },
);

test('a parser that says the same changes nothing', async () => {
  lake.bronze([receipt({ slot_ms: t('10:00'), sequence: 1 }, 0, { status: 'failed', reason: 'http_503' })]);
  expect(await reload()).toMatchObject({ effects: [], dirty: [], counts: { events_that_differ: 0 } });
});

test('taken out only: the day of the system is gone, its neighbours and Bronze are not', async () => {
  wrongDay();
  const objects = new LakeObjects(lake.root);
  const options = {
    system: await planned(objects),
    ...DAY,
    source: 'removed' as const,
    dry_run: false,
    progress: () => undefined,
  };
  const none = async function* () {}; // biome-ignore format: one line
  await reloadLake(objects, none, options);
  const after = await settled();
  expect(after.polls.map(([slot]) => slot)).toEqual(['20 23:59', '22 00:00']);
  expect(after.spans).toEqual([['a', '20 23:59', 1, true], ['a', '22 00:00', 3, true]]); // biome-ignore format: pairs
  expect(after.wrong).toEqual([0, 1, 0]);
  expect(await lake.rows("SELECT count(*) FROM bronze.events WHERE system_id = 'sys'")).toEqual([[11]]);
  expect((await reloadLake(new LakeObjects(lake.root), none, options)).dirty).toEqual([]);
});

test('from a recording: its polls take the place of those of the range', async () => {
  wrongDay();
  const file = join(lake.dir, 'sys.ndjson');
  const line = (time: string, bikes: number) =>
    JSON.stringify({
      fetched_at: `2026-11-21T${time}:30Z`,
      body: { data: { stations: [{ station_id: 'a', num_bikes_available: bikes }] } },
    });
  writeFileSync(file, `${[line('10:00', 6), line('10:01', 7), line('10:02', 7)].join('\n')}\n`);
  const objects = new LakeObjects(lake.root);
  const system = await planned(objects);
  const options = { system, ...DAY, source: 'recording' as const, dry_run: false, progress: () => undefined };
  await reloadLake(objects, () => fromRecording(file, system, DAY), options);
  const { spans, polls, wrong } = await settled();
  expect(spans.filter(([, from]) => String(from).startsWith('21'))).toEqual([['a', '21 10:00', 6, true], ['a', '21 10:01', 7, true]]); // biome-ignore format: pairs
  expect(polls.map((poll) => poll[1])).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
  expect(wrong).toEqual([0, 1, 0]);
});

test('of reloads that overlap the newest counts, and the rest of the older one', () => {
  const reloadOf = (id: string, from_ms: number, until_ms: number): Reload => ({
    format: 1,
    id,
    system_id: 's',
    kinds: ['status'],
    from_ms,
    until_ms,
    source: 'raw',
    content: '',
  });
  const ranges = activeRanges([reloadOf('1', 0, 100), reloadOf('3', 40, 60), reloadOf('2', 50, 80)]);
  expect(new Set(ranges.map((r) => `${r.reload_id} ${r.from_ms} ${r.until_ms}`))).toEqual(
    new Set(['1 0 40', '1 80 100', '2 60 80', '3 40 60']),
  );
});
