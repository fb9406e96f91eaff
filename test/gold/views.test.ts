import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { queryLake } from '../../jobs/duckdb/query-lake.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { SHARED_VIEWS } from '../../jobs/duckdb/views.ts';
import { at, chunk, MINUTE, receipt, type Seen, SmallLake } from './small-lake.ts';

// The views of jobs/sql/views on DuckDB: the same texts that Athena gets (test/resources/gold.test.ts says what is changed for it).

let lake: SmallLake;
beforeEach(() => {
  lake = new SmallLake();
});
afterEach(() => lake.remove());

const t = (time: string, date = '2026-11-21'): number => at(`${date}T${time}:00Z`);

/** Polls a minute apart, in Bronze and, as the Silver function would, in the log: each says which stations are seen, and which are changes. */
function polls(first_ms: number, sequence: number, seen: readonly Readonly<Record<string, Seen>>[], isInBronze = true): void {
  for (const [n, stations] of seen.entries()) {
    const slot_ms = first_ms + n * MINUTE;
    const own = sequence + 2 * n;
    if (isInBronze) {
      lake.bronze([
        ...chunk({ slot_ms, sequence: own }, stations),
        receipt({ slot_ms, sequence: own + 1 }, Object.keys(stations).length),
      ]);
    }
    const before = seen[n - 1] ?? {};
    const changes = Object.entries(stations).filter(([id, is]) => before[id]?.bikes !== is.bikes);
    lake.log([own, own], { fresh: changes.length, unchanged: Object.keys(stations).length - changes.length },
      changes.map(([station_id, is]) => ({ station_id, slot_ms, seen: is })));
  }
} // biome-ignore format: a call

const CHANGES = 'SELECT station_id, CAST(slot AS STRING), source FROM silver.status_changes ORDER BY slot, station_id';

describe('changes of status', () => {
  test('are those of the settled days, then those of the log; none twice', async () => {
    polls(t('10:00'), 1, [
      { a: { bikes: 1 }, b: { bikes: 5 } },
      { a: { bikes: 1 }, b: { bikes: 4 } },
    ]);
    await settleLake(lake.root);
    polls(t('00:00', '2026-11-22'), 11, [{ a: { bikes: 3 } }, { a: { bikes: 2 } }], false);
    expect(await lake.rows(CHANGES)).toEqual([
      ['a', '2026-11-21 10:00:00+00', 'settled'],
      ['b', '2026-11-21 10:00:00+00', 'settled'],
      ['b', '2026-11-21 10:01:00+00', 'settled'],
      ['a', '2026-11-22 00:00:00+00', 'log'],
      ['a', '2026-11-22 00:01:00+00', 'log'],
    ]);
  });

  test('are the log alone before anything is settled', async () => {
    polls(t('10:00'), 1, [{ a: { bikes: 1 } }], false);
    expect(await lake.rows(CHANGES)).toEqual([['a', '2026-11-21 10:00:00+00', 'log']]);
  });

  test('are as settled, where the log is wrong: it takes over after the last settled slot', async () => {
    polls(t('10:00'), 1, [{ a: { bikes: 1 } }, { a: { bikes: 2 } }]);
    await settleLake(lake.root);
    // A change that the log alone has, of a slot that is settled.
    lake.log([9, 9], { fresh: 1 }, [{ station_id: 'x', slot_ms: t('10:01'), seen: { bikes: 1 } }]);
    expect((await lake.rows(CHANGES)).map(([station]) => station)).toEqual(['a', 'a']);
  });

  test('of a system that the newest settled day has nothing of, begin in the log after that day', async () => {
    lake.remove();
    lake = new SmallLake(['sys', 'other'].map((system_id) => ({ system_id, interval_s: 60, time_zone: 'UTC' })));
    polls(t('10:00'), 1, [{ a: { bikes: 1 } }]);
    const slot_ms = t('09:00', '2026-11-22');
    lake.bronze([
      ...chunk({ slot_ms, sequence: 21, system_id: 'other' }, { z: { bikes: 1 } }),
      receipt({ slot_ms, sequence: 22, system_id: 'other' }, 1),
    ]);
    await settleLake(lake.root);
    polls(t('10:00', '2026-11-22'), 31, [{ a: { bikes: 7 } }], false);
    expect(await lake.rows(CHANGES)).toEqual([
      ['a', '2026-11-21 10:00:00+00', 'settled'],
      ['z', '2026-11-22 09:00:00+00', 'settled'],
      ['a', '2026-11-22 10:00:00+00', 'log'],
    ]);
  });
});

const LATEST =
  'SELECT station_id, num_bikes_available, CAST(slot AS STRING), source FROM silver.latest_status ORDER BY station_id';

test('the latest state of each station: by the newest settled day, unless the log knows better', async () => {
  polls(t('10:00'), 1, [
    { gone: { bikes: 9 }, still: { bikes: 5 } },
    { gone: { bikes: 9 }, still: { bikes: 5 } },
  ]);
  polls(t('08:00', '2026-11-22'), 11, [{ still: { bikes: 5 }, moved: { bikes: 1 } }]);
  await settleLake(lake.root);
  polls(t('00:00', '2026-11-23'), 21, [{ moved: { bikes: 2 }, fresh: { bikes: 3 } }], false);
  const bikes = null; // the small lake's log says that something changed, not to what
  expect(await lake.rows(LATEST)).toEqual([
    ['fresh', bikes, '2026-11-23 00:00:00+00', 'log'],
    ['moved', bikes, '2026-11-23 00:00:00+00', 'log'],
    ['still', 5, '2026-11-22 08:00:00+00', 'settled'],
  ]);
});

test('the quality of a feed in shares', async () => {
  const at10 = t('10:00');
  lake.bronze([
    ...chunk({ slot_ms: at10, sequence: 1 }, { a: { bikes: 1 } }),
    receipt({ slot_ms: at10, sequence: 2 }, 1, { fetched: 4, rejected: 3, rejected_reasons: '{"negative_count":3}' }),
    receipt({ slot_ms: at10 + 3 * MINUTE, sequence: 4 }, 0, { status: 'failed', http_code: null, reason: 'timeout' }),
  ]);
  await settleLake(lake.root);
  expect(
    await lake.rows(
      'SELECT polls_expected, polls_made, made_share, observed_share, polls_without_observation, rejected_share FROM gold.feed_quality',
    ),
  ).toEqual([[4, 2, 0.5, 0.5, 1, 0.75]]);
});

test('every view is there before there is anything', async () => {
  for (const { view } of SHARED_VIEWS) {
    expect((await queryLake(lake.root, `SELECT count(*) FROM ${view}`)).rows, view).toEqual([[0]]);
  }
});
