import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { at, chunk, MINUTE, receipt, SmallLake } from './small-lake.ts';

let lake: SmallLake;
beforeEach(() => {
  lake = new SmallLake([{ system_id: 'sys', interval_s: 60, time_zone: 'Europe/Vienna' }]);
});
afterEach(() => lake.remove());

const MINUTES_10 = 10 * MINUTE;

describe('days', () => {
  test('local days of 23 and 25 hours: Vienna in March and October', async () => {
    for (const [from, until] of [
      ['2026-03-28T22:00:00Z', '2026-03-29T23:00:00Z'],
      ['2026-10-24T21:00:00Z', '2026-10-26T00:00:00Z'],
    ] as const) {
      const rows = [];
      for (let slot_ms = at(from); slot_ms <= at(until); slot_ms += MINUTES_10) {
        rows.push(...chunk({ slot_ms, sequence: slot_ms / MINUTE }, { s: { bikes: 1 } }));
      }
      lake.bronze(rows);
    }
    await settleLake(lake.root);
    const days = await lake.rows(`SELECT day_kind, CAST(date AS VARCHAR), observed_seconds / 3600 FROM gold.system_daily
      WHERE date IN ('2026-03-29', '2026-10-25') ORDER BY date, day_kind`);
    expect(days).toEqual([
      ['local', '2026-03-29', 23],
      ['utc', '2026-03-29', 23], // 00:00Z to 23:00Z
      ['local', '2026-10-25', 25],
      ['utc', '2026-10-25', 24],
    ]);
    // The hour of the week is local: 02:00 does not exist on the one Sunday, and comes twice on the other.
    const hours = await lake.rows(`SELECT CAST(local_date AS VARCHAR), local_hour, count(*) FROM gold.station_hourly
      WHERE local_hour = 2 AND local_date IN ('2026-03-29', '2026-10-25') GROUP BY ALL ORDER BY ALL`);
    expect(hours).toEqual([['2026-10-25', 2, 2]]);
  });

  test('a local day that lies in two UTC days, one of which has no rows of its own', async () => {
    lake.bronze([
      ...chunk({ slot_ms: at('2026-11-21T23:10:00Z'), sequence: 1 }, { s: { bikes: 2 } }),
      ...chunk({ slot_ms: at('2026-11-21T23:15:00Z'), sequence: 2 }, { s: { bikes: 2 } }),
    ]);
    await settleLake(lake.root);
    expect(
      await lake.rows(`SELECT day_kind, CAST(date AS VARCHAR), observed_seconds FROM gold.system_daily ORDER BY 1`),
    ).toEqual([
      ['local', '2026-11-22', 300],
      ['utc', '2026-11-21', 300],
    ]);
  });

  test('a system: sums over stations, shares of station time, turnover, top stations', async () => {
    const polls = [
      ['10:00', { s: { bikes: 4, docks: 0 }, u: { bikes: 1, docks: null }, v: { bikes: 3, docks: 2 } }],
      ['10:10', { s: { bikes: 2, docks: 2 }, u: { bikes: 0, docks: null }, v: { bikes: 2, docks: 3 } }],
      ['10:20', { s: { bikes: 2, docks: 2 }, u: { bikes: 0, docks: null }, v: { bikes: 3, docks: 2 } }],
    ] as const;
    lake.bronze(
      polls.flatMap(([time, seen], i) => chunk({ slot_ms: at(`2026-11-21T${time}:00Z`), sequence: i + 1 }, seen)),
    );
    await settleLake(lake.root);
    const rows =
      await lake.rows(`SELECT stations, observed_seconds, bikes_mean, empty_share, full_share, falls, rises, rentals_min,
      turnover, top_station_1, top_rentals_min_1, top_station_2, top_station_3 FROM gold.system_hourly`);
    // bikes: 8 for 600 s, then 4 for 600 s; u is empty for 600 of 3600 s; s is full for 600 of 2400 s with docks.
    expect(rows).toEqual([[3, 3600, 6, 1 / 6, 0.25, 4, 1, 4, 4 / 6, 's', 2, 'u', 'v']]);
  });

  test('the profile of a station: percentiles over the weeks of a local hour', async () => {
    const mondays = ['2026-11-02', '2026-11-09', '2026-11-16'];
    mondays.forEach((monday, week) => {
      const seen = { bikes: week * 2, docks: 8 - week * 2 }; // occupancy 0, 0.25, 0.5
      lake.bronze(
        ['07:00', '07:05'].flatMap((time, i) =>
          chunk({ slot_ms: at(`${monday}T${time}:00Z`), sequence: week * 2 + i + 1 }, { s: seen }),
        ),
      );
    });
    await settleLake(lake.root);
    expect(
      await lake.rows(`SELECT station_id, hour_of_week, weeks, bikes_mean, occupancy_mean, occupancy_p10, occupancy_p50, occupancy_p90,
        empty_share, full_share FROM gold.station_profile`),
    ).toEqual([['s', 8, 3, 2, 0.25, 0.05, 0.25, 0.45, 1 / 3, 0]]);
  });
});

describe('feed quality', () => {
  test('expected, made, failed by reason, longest gap, rejected by reason', async () => {
    const slot = (minute: number): number => at('2026-11-21T10:00:00Z') + minute * MINUTE;
    lake.bronze([
      receipt({ slot_ms: slot(0), sequence: 1 }, 5),
      receipt({ slot_ms: slot(1), sequence: 2 }, 5, {
        fetched: 8,
        rejected: 3,
        rejected_reasons: '{"negative_count":2,"no_station_id":1}',
      }),
      receipt({ slot_ms: slot(2), sequence: 3 }, 0, { status: 'failed', reason: 'http_503' }),
      receipt({ slot_ms: slot(3), sequence: 4 }, 0, { status: 'failed', reason: 'time_out' }),
      receipt({ slot_ms: slot(4), sequence: 5 }, 0, { status: 'failed', reason: 'http_503' }),
      receipt({ slot_ms: slot(5), sequence: 6 }, 0, { status: 'breaker_open', reason: 'breaker_open' }),
      // minute 6 left no receipt
      receipt({ slot_ms: slot(7), sequence: 7 }, 0, { status: 'not_modified', basis_slot_ms: slot(1) }),
      receipt({ slot_ms: slot(8), sequence: 8 }, 4, {
        fetched: 5,
        rejected: 1,
        rejected_reasons: '{"negative_count":1}',
      }),
      receipt({ slot_ms: slot(8), sequence: 9, fetched_at_ms: slot(8) + 21_000 }, 4), // fired twice
      receipt({ slot_ms: slot(8), sequence: 10, fetched_at_ms: slot(8) + 21_000 }, 4), // and this receipt was put twice
    ]);
    await settleLake(lake.root);
    expect(
      await lake.rows(`SELECT feed, polls_expected, polls_made, polls_ok, polls_not_modified, polls_failed, polls_breaker_open, polls_repeated,
        failed_reasons, longest_gap_seconds, fetched, accepted, rejected, rejected_reasons FROM gold.feed_quality_daily`),
    ).toEqual([
      ['station_status', 9, 8, 3, 1, 3, 1, 1, '{"breaker_open":1,"http_503":2,"time_out":1}', 360, 18, 14, 4, '{"negative_count":3,"no_station_id":1}'],
    ]); // biome-ignore format: a row
  });

  test('a whole day is expected between two others; stations that stand still while the rest moves are frozen', async () => {
    const rows = [];
    for (let hour = 0; hour < 72; hour++) {
      const slot_ms = at('2026-11-20T00:00:00Z') + hour * 60 * MINUTE;
      const moving = { bikes: hour % 4 };
      const stations = {
        a: moving,
        b: moving,
        c: moving,
        still: { bikes: 7 },
        ...(hour % 24 < 6 ? { seldom: { bikes: 1 } } : {}),
      };
      rows.push(
        ...chunk({ slot_ms, sequence: 2 * hour + 1 }, stations),
        receipt({ slot_ms, sequence: 2 * hour + 2 }, Object.keys(stations).length),
      );
    }
    lake.bronze(rows);
    await settleLake(lake.root);
    expect(
      await lake.rows(
        'SELECT CAST(event_date AS VARCHAR), polls_expected, polls_made, longest_gap_seconds, stations_frozen FROM gold.feed_quality_daily ORDER BY 1',
      ),
    ).toEqual([
      ['2026-11-20', 1440, 24, 3600, 1],
      ['2026-11-21', 1440, 24, 3600, 1],
      ['2026-11-22', 1381, 24, 3600, 1], // to the last poll, 23:00, and its minute
    ]);
  });

  test('nothing is frozen in a day of which half an hour is known', async () => {
    const minutes = Array.from({ length: 30 }, (_, n) => n);
    lake.bronze(
      minutes.flatMap((n) => {
        const slot_ms = at('2026-11-21T10:00:00Z') + n * MINUTE;
        const stations = { a: { bikes: n % 4 }, b: { bikes: n % 3 }, still: { bikes: 7 } };
        return [...chunk({ slot_ms, sequence: n + 1 }, stations), receipt({ slot_ms, sequence: n + 100 }, 3)];
      }),
    );
    await settleLake(lake.root);
    expect(await lake.rows('SELECT stations_frozen FROM gold.feed_quality_daily')).toEqual([[0]]);
  });
});
