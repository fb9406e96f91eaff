import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { at, chunk, receipt, SmallLake } from './small-lake.ts';

const D = '2026-11-21';
const SPANS = `SELECT station_id, num_bikes_available, strftime(valid_from, '%d %H:%M'), strftime(last_slot, '%d %H:%M'),
    strftime(valid_to, '%d %H:%M'), observations, is_change, CAST(event_date AS VARCHAR)
  FROM silver.station_status ORDER BY station_id, valid_from`;
const t = (time: string, date = D): number => at(`${date}T${time}:00Z`);

let lake: SmallLake;
beforeEach(() => {
  lake = new SmallLake();
});
afterEach(() => lake.remove());

/** One chunk a slot, in stream order, one station `s` with this many bikes. */
const polls = (bikes: Readonly<Record<string, number>>, date = D) =>
  Object.entries(bikes).flatMap(([time, n]) =>
    chunk({ slot_ms: t(time, date), sequence: t(time, date) / 60_000 }, { s: { bikes: n } }),
  );

async function spans(): Promise<unknown[][]> {
  await settleLake(lake.root);
  return lake.rows(SPANS);
}

describe('settled spans', () => {
  test('a run of equal content is one span, which ends where the next observation is', async () => {
    lake.bronze(polls({ '10:00': 3, '10:01': 3, '10:02': 4, '10:03': 4, '10:04': 3 }));
    expect(await spans()).toEqual([
      ['s', 3, '21 10:00', '21 10:01', '21 10:02', 2, true, D],
      ['s', 4, '21 10:02', '21 10:03', '21 10:04', 2, true, D],
      ['s', 3, '21 10:04', '21 10:04', '21 10:04', 1, true, D],
    ]);
  });

  test('600 s apart is no gap, 601 s is one: the span ends at its last observation, and equal content after it is no change', async () => {
    const late_ms = t('10:20') + 1000;
    lake.bronze([
      ...polls({ '10:00': 3, '10:10': 3 }),
      ...chunk({ slot_ms: late_ms, sequence: 99999999 }, { s: { bikes: 3 } }),
    ]);
    expect(await spans()).toEqual([
      ['s', 3, '21 10:00', '21 10:10', '21 10:10', 2, true, D],
      ['s', 3, '21 10:20', '21 10:20', '21 10:20', 1, false, D],
    ]);
  });

  test('the guard of a system polled every 10 minutes is 30 minutes', async () => {
    lake.remove();
    lake = new SmallLake([{ system_id: 'sys', interval_s: 600, time_zone: 'UTC' }]);
    lake.bronze(polls({ '10:00': 3, '10:30': 3, '11:01': 3 }));
    expect(await spans()).toEqual([
      ['s', 3, '21 10:00', '21 10:30', '21 10:30', 2, true, D],
      ['s', 3, '21 11:01', '21 11:01', '21 11:01', 1, false, D],
    ]);
  });

  test('midnight cuts a span: the old day reaches to the first observation of the new one, which is no change', async () => {
    lake.bronze([...polls({ '23:58': 3, '23:59': 3 }), ...polls({ '00:01': 3, '00:02': 5 }, '2026-11-22')]);
    expect(await spans()).toEqual([
      ['s', 3, '21 23:58', '21 23:59', '22 00:01', 2, true, '2026-11-21'],
      ['s', 3, '22 00:01', '22 00:01', '22 00:02', 1, false, '2026-11-22'],
      ['s', 5, '22 00:02', '22 00:02', '22 00:02', 1, true, '2026-11-22'],
    ]);
  });

  test('a change is one against the observation before, days ago too', async () => {
    lake.bronze(polls({ '10:00': 3 }, '2026-11-18'));
    lake.bronze(chunk({ slot_ms: t('10:00', '2026-11-19'), sequence: 29700000 }, { other: { bikes: 1 } }));
    lake.bronze(polls({ '10:00': 3, '10:01': 4 }));
    expect((await spans()).filter(([id]) => id === 's')).toEqual([
      ['s', 3, '18 10:00', '18 10:00', '18 10:00', 1, true, '2026-11-18'],
      ['s', 3, '21 10:00', '21 10:00', '21 10:01', 1, false, '2026-11-21'],
      ['s', 4, '21 10:01', '21 10:01', '21 10:01', 1, true, '2026-11-21'],
    ]);
  });

  test('of a part that came twice for a slot the first in stream order counts, as a whole; 10 is after 9', async () => {
    const slot_ms = t('10:00');
    lake.bronze([
      ...chunk({ slot_ms, sequence: 10 }, { s: { bikes: 7 }, other: { bikes: 7 } }),
      ...chunk({ slot_ms, sequence: 9 }, { s: { bikes: 3 } }),
    ]);
    expect(await spans()).toEqual([['s', 3, '21 10:00', '21 10:00', '21 10:00', 1, true, D]]);
  });

  test('parts of a system are judged apart', async () => {
    const slot_ms = t('10:00');
    lake.bronze([
      ...chunk({ slot_ms, sequence: 9, part: 0 }, { s: { bikes: 3 } }),
      ...chunk({ slot_ms, sequence: 10, part: 1 }, { u: { bikes: 7 } }),
    ]);
    expect((await spans()).map(([id, bikes]) => [id, bikes])).toEqual([['s', 3], ['u', 7]]); // biome-ignore format: pairs
  });

  test('rows that Firehose delivered twice count once', async () => {
    lake.bronze(polls({ '10:00': 3, '10:01': 3 }));
    lake.bronze(polls({ '10:00': 3, '10:01': 3 }));
    expect(await spans()).toEqual([['s', 3, '21 10:00', '21 10:01', '21 10:01', 2, true, D]]);
  });

  test('a late record takes its place by its slot', async () => {
    lake.bronze([
      ...chunk({ slot_ms: t('10:00'), sequence: 1 }, { s: { bikes: 3 } }),
      ...chunk({ slot_ms: t('10:02'), sequence: 2 }, { s: { bikes: 3 } }),
      ...chunk({ slot_ms: t('10:01'), sequence: 3 }, { s: { bikes: 9 } }),
    ]);
    expect((await spans()).map((row) => row.slice(1, 3))).toEqual([[3, '21 10:00'], [9, '21 10:01'], [3, '21 10:02']]); // biome-ignore format: pairs
  });

  test('a 304 observes each station of the poll that it confirms, also across midnight', async () => {
    const basis_slot_ms = t('23:59');
    const confirms = { status: 'not_modified', http_code: 304, basis_slot_ms };
    lake.bronze([
      ...chunk({ slot_ms: basis_slot_ms, sequence: 1 }, { s: { bikes: 3 }, u: { bikes: 8 } }),
      receipt({ slot_ms: t('00:00', '2026-11-22'), sequence: 2 }, 0, confirms),
      receipt({ slot_ms: t('00:01', '2026-11-22'), sequence: 3 }, 0, confirms),
    ]);
    expect(await spans()).toEqual([
      ['s', 3, '21 23:59', '21 23:59', '22 00:00', 1, true, '2026-11-21'],
      ['s', 3, '22 00:00', '22 00:01', '22 00:01', 2, false, '2026-11-22'],
      ['u', 8, '21 23:59', '21 23:59', '22 00:00', 1, true, '2026-11-21'],
      ['u', 8, '22 00:00', '22 00:01', '22 00:01', 2, false, '2026-11-22'],
    ]);
  });

  test('a schedule that fired twice: where the first got 304 and the second a body, the body counts', async () => {
    const [before, slot_ms] = [t('09:59'), t('10:00')];
    lake.bronze([
      ...chunk({ slot_ms: before, sequence: 1 }, { s: { bikes: 3 }, u: { bikes: 8 } }),
      receipt({ slot_ms: before, sequence: 2 }, 2),
      receipt({ slot_ms, sequence: 3 }, 0, { status: 'not_modified', basis_slot_ms: before }),
      ...chunk({ slot_ms, sequence: 4 }, { s: { bikes: 4 } }),
      receipt({ slot_ms, sequence: 5 }, 1),
    ]);
    expect(await spans()).toEqual([
      ['s', 3, '21 09:59', '21 09:59', '21 10:00', 1, true, D],
      ['s', 4, '21 10:00', '21 10:00', '21 10:00', 1, true, D],
      ['u', 8, '21 09:59', '21 09:59', '21 09:59', 1, true, D],
    ]);
  });

  test('a schedule that fired twice: the 304 of the second confirms the first and changes nothing', async () => {
    const slot_ms = t('10:00');
    lake.bronze([
      ...chunk({ slot_ms, sequence: 1 }, { s: { bikes: 3 } }),
      receipt({ slot_ms, sequence: 2 }, 1),
      receipt({ slot_ms, sequence: 3 }, 0, { status: 'not_modified', basis_slot_ms: slot_ms }),
    ]);
    expect(await spans()).toEqual([['s', 3, '21 10:00', '21 10:00', '21 10:00', 1, true, D]]);
  });

  test('information is a dimension with spans of its own, under the guard of an hourly feed', async () => {
    const information = (time: string, name: string, sequence: number) => ({
      ...chunk({ slot_ms: t(time), sequence }, { s: { bikes: 0 } })[0],
      kind: 'information',
      content_hash: name,
      name,
      num_bikes_available: null,
    });
    lake.bronze([information('08:00', 'Alt', 1), information('09:00', 'Alt', 2), information('10:00', 'Neu', 3)]);
    await settleLake(lake.root);
    const rows = await lake.rows(
      `SELECT name, strftime(valid_from, '%H:%M'), strftime(valid_to, '%H:%M'), observations, is_change FROM silver.station_information ORDER BY 2`,
    );
    expect(rows).toEqual([
      ['Alt', '08:00', '10:00', 2, true],
      ['Neu', '10:00', '10:00', 1, true],
    ]);
    expect(await lake.rows(SPANS)).toEqual([]);
  });
});
