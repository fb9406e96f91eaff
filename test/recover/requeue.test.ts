import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { figuresOf } from '../../jobs/duckdb/figures.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import type { Reject } from '../../lib/event.ts';
import { parseStationStatus } from '../../lib/poll/parse/document.ts';
import { quarantineLines } from '../../lib/poll/quarantine.ts';
import { bronzePaths, fetchedPaths } from '../../recover/bronze-window.ts';
import { readPlanOf } from '../../recover/lake-plan.ts';
import { requeueLake } from '../../recover/requeue-lake.ts';
import { at, chunk, receipt, SmallLake } from '../gold/small-lake.ts';
import { LakeObjects } from './lake-objects.ts';

const t = (time: string): number => at(`2026-11-21T${time}:00Z`);
const station = (station_id: string, bikes: number): string =>
  JSON.stringify({ station_id, num_bikes_available: bikes, num_docks_available: 10, is_renting: 1 });
const bad = '{"station_id":"d","num_bikes_available":-4}';
const hash = (id: string, bikes: number): string =>
  parseStationStatus(Buffer.from(`{"data":{"stations":[${station(id, bikes)}]}}`), { system_id: 'sys', slot_ms: 0, fetched_at_ms: 0 }).events[0]
    ?.content_hash ?? ''; // biome-ignore format: one document

let lake: SmallLake;
beforeEach(() => {
  lake = new SmallLake();
});
afterEach(() => lake.remove());

function rejected(
  time: string,
  place: string,
  raw: string,
  reason = 'negative_count',
  feed = 'station_status',
): Reject {
  return { system_id: 'sys', slot_ms: t(time), feed, reason, place, raw: Buffer.from(raw) };
}

async function quarantine(name: string, rejects: readonly Reject[]): Promise<void> {
  const lines = rejects.flatMap(quarantineLines).join('\n');
  await new LakeObjects(lake.root).put(`quarantine/dt=2026-11-21/hh=10/${name}.gz`, gzipSync(`${lines}\n`));
}

const ALL = { system_ids: [], reasons: [], from_ms: 0, until_ms: Number.MAX_SAFE_INTEGER };

async function requeue(objects = new LakeObjects(lake.root), more: Partial<Parameters<typeof requeueLake>[1]> = {}) {
  const bronze = bronzePaths({ lake_folder: lake.root, lake: objects });
  const plan = await readPlanOf({ where: 'folder', lake: objects });
  const options = { ...ALL, dry_run: false, progress: () => undefined, ...more };
  try {
    return { ...(await requeueLake({ objects, bronze, plan }, options)), effects: objects.effects };
  } finally {
    bronze.end();
  }
}

/** The receipts and settled spans of the lake, and whether every hop balances. */
async function settled() {
  await settleLake(lake.root);
  const { ledger_difference, audit_missing, audit_extra, pending, given_up } = await figuresOf(lake.root);
  return {
    polls: await lake.rows(
      "SELECT strftime(slot, '%H:%M'), status, reason, fetched, accepted, rejected, repeated, rejected_reasons, receipts FROM silver.polls ORDER BY slot",
    ),
    spans: await lake.rows(
      "SELECT station_id, strftime(valid_from, '%H:%M'), num_bikes_available FROM silver.station_status ORDER BY ALL",
    ),
    wrong: [ledger_difference, audit_missing, audit_extra],
    open: [pending, given_up],
  };
}

/** 10:00 and 10:01 of stations a and b; at 10:00 two more records were rejected, of which c is good for the parser of today. */
async function twoRejected(): Promise<void> {
  lake.bronze([
    ...chunk({ slot_ms: t('10:00'), sequence: 1 }, { a: { bikes: 1 }, b: { bikes: 2 } }),
    receipt({ slot_ms: t('10:00'), sequence: 2 }, 2, {
      fetched: 4,
      rejected: 2,
      rejected_reasons: '{"negative_count":2}',
    }),
    ...chunk({ slot_ms: t('10:01'), sequence: 3 }, { a: { bikes: 1 }, b: { bikes: 2 }, c: { bikes: 7 } }),
    receipt({ slot_ms: t('10:01'), sequence: 4 }, 3),
  ]);
  lake.log([1, 3], { fresh: 3, unchanged: 2 }, [
    { station_id: 'a', slot_ms: t('10:00'), seen: { bikes: 1 } },
    { station_id: 'b', slot_ms: t('10:00'), seen: { bikes: 2 } },
    { station_id: 'c', slot_ms: t('10:01'), seen: { bikes: 7 } },
  ]);
  const rejects = [rejected('10:00', 'data.stations[2]', station('c', 5)), rejected('10:00', 'data.stations[3]', bad)];
  await quarantine('one', rejects);
  await quarantine('again', rejects);
}

describe('single records', () => {
  test('what the parser takes now joins its slot; the rest stays, and says why; the second run changes nothing', async () => {
    await twoRejected();
    const before = await settled();
    expect(before.polls[0]).toEqual(['10:00', 'ok', null, 4, 2, 2, 0, '{"negative_count":2}', 1]);
    expect(before.spans.filter(([id]) => id === 'c')).toEqual([['c', '10:01', 7]]);

    const { counts, notes, dirty, effects } = await requeue();
    expect(counts).toMatchObject({ rejects_in_quarantine: 2, polls_brought_back: 1, events_brought_back: 1, left: 1 });
    expect(notes).toEqual(['1 × negative_count: in quarantine as before']);
    expect(dirty).toEqual(['2026-11-21']);
    expect(effects.map((effect) => effect.replaceAll(/[0-9a-f]{16}/g, '…'))).toEqual([
      'put dirty/2026-11-21/requeue-….json',
      'put bronze/events/dt=2026-11-21/hh=10/requeue-….parquet',
    ]);
    const after = await settled();
    expect(after.polls).toEqual([
      ['10:00', 'ok', null, 4, 3, 1, 0, '{"negative_count":1}', 1],
      ['10:01', 'ok', null, 3, 3, 0, 0, null, 1],
    ]);
    expect(after.spans.filter(([id]) => id === 'c')).toEqual([['c', '10:00', 5], ['c', '10:01', 7]]); // biome-ignore format: pairs
    expect(after.wrong).toEqual([0, 0, 0]);
    expect(after.open).toEqual([0, 0]);
    expect(await lake.rows('SELECT missing_explained, extra_explained FROM gold.audit_daily')).toEqual([[1, 0]]);

    const files = lake.files();
    expect(await requeue()).toMatchObject({ dirty: [], effects: [], counts: { events_brought_back: 0, left: 1 } });
    expect((await settleLake(lake.root)).made).toEqual([]);
    expect(lake.files()).toEqual(files);
  });

  test.each([0, 1].flatMap((n) => (['before', 'after'] as const).map((when) => [n, when] as const)))(
    'ended at effect %i, %s it, and run again: the same lake',
    async (n, when) => {
      await twoRejected();
      await expect(requeue(new LakeObjects(lake.root, { at: n, when }))).rejects.toThrow('killed');
      await requeue();
      const { polls, wrong } = await settled();
      expect(polls[0]).toEqual(['10:00', 'ok', null, 4, 3, 1, 0, '{"negative_count":1}', 1]);
      expect(wrong).toEqual([0, 0, 0]);
      expect((await new LakeObjects(lake.root).keys('bronze/')).length).toBe(2);
    },
  );

  test('a dry run tells and changes nothing', async () => {
    await twoRejected();
    expect(await requeue(undefined, { dry_run: true })).toMatchObject({
      dirty: ['2026-11-21'],
      effects: [],
      counts: { events_brought_back: 1 },
    });
  });

  test('a station that the slot has: with the same content repeated, with another one left', async () => {
    const same = { ...chunk({ slot_ms: t('10:00'), sequence: 1 }, { c: { bikes: 5 } })[0], content_hash: hash('c', 5) };
    lake.bronze([
      same,
      ...chunk({ slot_ms: t('10:00'), sequence: 1 }, { x: { bikes: 9 } }).map((row) => ({ ...row, line: 2 })),
      receipt({ slot_ms: t('10:00'), sequence: 2 }, 2, {
        fetched: 4,
        rejected: 2,
        rejected_reasons: '{"negative_count":2}',
      }),
    ]);
    await quarantine('one', [
      rejected('10:00', 'data.stations[2]', station('c', 5)),
      rejected('10:00', 'data.stations[3]', station('x', 3)),
    ]);
    expect(await requeue()).toMatchObject({ counts: { events_brought_back: 0, polls_brought_back: 1 } });
    const { polls, spans } = await settled();
    expect(polls).toEqual([['10:00', 'ok', null, 4, 2, 1, 1, '{"negative_count":1}', 1]]);
    expect(spans).toEqual([['c', '10:00', 5], ['x', '10:00', 9]]); // biome-ignore format: pairs
  });

  test('one reason first, the others later: the sum of both', async () => {
    lake.bronze([
      ...chunk({ slot_ms: t('10:00'), sequence: 1 }, { a: { bikes: 1 } }),
      receipt({ slot_ms: t('10:00'), sequence: 2 }, 1, {
        fetched: 3,
        rejected: 2,
        rejected_reasons: '{"bad_boolean":1,"negative_count":1}',
      }),
    ]);
    await quarantine('one', [
      rejected('10:00', 'data.stations[1]', station('b', 1)),
      rejected('10:00', 'data.stations[2]', station('c', 2), 'bad_boolean'),
    ]);
    expect((await requeue(undefined, { reasons: ['bad_boolean'] })).notes).toEqual([
      '1 × negative_count: in quarantine as before',
    ]);
    expect((await settled()).polls).toEqual([['10:00', 'ok', null, 3, 2, 1, 0, '{"negative_count":1}', 1]]);
    expect((await requeue()).notes).toEqual([]);
    const { polls, spans } = await settled();
    expect(polls).toEqual([['10:00', 'ok', null, 3, 3, 0, 0, null, 1]]);
    expect(spans.map(([id]) => id)).toEqual(['a', 'b', 'c']);
    expect((await requeue(undefined, { reasons: ['bad_boolean'] })).effects).toEqual([]);
  });
});

describe('whole documents', () => {
  const document = (...stations: string[]): string =>
    `{"last_updated":1795255200,"data":{"stations":[${stations.join(',')}]}}`;

  test('a poll that failed becomes whole: also from a bucket, whose files are fetched', async () => {
    lake.bronze([
      ...chunk({ slot_ms: t('10:00'), sequence: 1 }, { a: { bikes: 1 } }),
      receipt({ slot_ms: t('10:00'), sequence: 2 }, 1),
      receipt({ slot_ms: t('10:01'), sequence: 3 }, 0, { status: 'failed', reason: 'not_json' }),
    ]);
    await quarantine('one', [
      rejected('10:01', 'document', document(station('a', 3), bad, station('b', 4)), 'not_json'),
      rejected('10:02', 'document', '<html>', 'not_json'),
      rejected('10:01', 'document', '{}', 'not_json', 'gbfs'),
    ]);
    const objects = new LakeObjects(lake.root);
    const bronze = fetchedPaths(objects);
    const plan = await readPlanOf({ where: 'folder', lake: objects });
    const outcome = await requeueLake({ objects, bronze, plan }, { ...ALL, dry_run: false, progress: () => undefined });
    bronze.end();
    expect(outcome.notes.toSorted()).toEqual([
      '1 × discovery_document: in quarantine as before',
      '1 × negative_count: in quarantine as before',
      '1 × no_receipt_of_the_poll: in quarantine as before',
    ]);
    const { polls, spans, wrong } = await settled();
    expect(polls[1]).toEqual(['10:01', 'ok', 'requeued', 3, 2, 1, 0, '{"negative_count":1}', 1]);
    expect(spans).toEqual([['a', '10:00', 1], ['a', '10:01', 3], ['b', '10:01', 4]]); // biome-ignore format: pairs
    expect(wrong).toEqual([0, 0, 0]);
    expect((await requeue()).effects).toEqual([]);
  });

  test('events that the stream did not take come back, also where it had stored some of them', async () => {
    lake.bronze([
      ...chunk({ slot_ms: t('10:00'), sequence: 1 }, { a: { bikes: 1 } }),
      receipt({ slot_ms: t('10:00'), sequence: 2 }, 0, {
        status: 'failed', reason: 'not_sent', fetched: 3, rejected: 3, rejected_reasons: '{"negative_count":1,"not_sent":2}',
      }), // biome-ignore format: a row
    ]);
    lake.log([1, 1], { fresh: 1 }, [{ station_id: 'a', slot_ms: t('10:00'), seen: { bikes: 1 } }]);
    await quarantine('one', [
      rejected('10:00', 'document', document(station('a', 1), station('b', 4), bad), 'not_sent'),
      rejected('10:00', 'data.stations[2]', bad),
    ]);
    expect((await settled()).wrong).toEqual([1, 0, 0]); // the difference that not_sent names
    await requeue();
    const { polls, wrong } = await settled();
    expect(polls).toEqual([['10:00', 'ok', 'requeued', 3, 2, 1, 0, '{"negative_count":1}', 1]]);
    expect(wrong).toEqual([0, 0, 0]);
  });
});
