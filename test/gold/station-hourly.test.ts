import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { foldHours } from './fold.ts';
import { at, chunk, MINUTE, type Seen, SmallLake } from './small-lake.ts';

const t = (time: string): number => at(`2026-11-21T${time}Z`);
let lake: SmallLake;
beforeEach(() => {
  lake = new SmallLake();
});
afterEach(() => lake.remove());

/** Observations of one station `s`, in order. */
function observe(...observed: [string, Seen][]): void {
  lake.bronze(observed.flatMap(([time, seen], i) => chunk({ slot_ms: t(time), sequence: i + 1 }, { s: seen })));
}

async function hourly(columns: string): Promise<unknown[][]> {
  await settleLake(lake.root);
  return lake.rows(`SELECT strftime(hour, '%d %H'), ${columns} FROM gold.station_hourly ORDER BY station_id, hour`);
}

describe('station_hourly', () => {
  test('an interval is divided at the hour; the mean is over time', async () => {
    observe(
      ['10:50:00', { bikes: 2 }],
      ['10:58:00', { bikes: 5 }],
      ['11:02:00', { bikes: 0 }],
      ['11:03:00', { bikes: 0 }],
    );
    expect(await hourly('observed_seconds, bikes_mean, bikes_min, bikes_max, empty_seconds, bike_seconds')).toEqual([
      ['21 10', 600, 2.6, 2, 5, 0, 1560], // 480 s of 2, 120 s of 5
      ['21 11', 180, 600 / 180, 0, 5, 60, 600],
    ]);
  });

  test('a pair belongs to the hour of its later observation, and disabled bikes are at the station', async () => {
    observe(['10:59:00', { bikes: 5 }], ['11:00:00', { bikes: 3, disabled: 1 }], ['11:01:00', { bikes: 4 }]);
    expect(await hourly('falls, rises, rentals_min, returns_min, changes')).toEqual([
      ['21 10', 0, 0, 0, 0, 0],
      ['21 11', 1, 0, 1, 0, 2],
    ]);
  });

  test('nothing is counted across a gap but that the content differs', async () => {
    observe(['10:00:00', { bikes: 5 }], ['10:01:00', { bikes: 5 }], ['12:30:00', { bikes: 1 }]);
    expect(await hourly('observed_seconds, bikes_mean, falls, rises, changes')).toEqual([
      ['21 10', 60, 5, 0, 0, 0],
      ['21 12', 0, null, 0, 0, 1],
    ]);
  });

  test('a first sight counts nothing, and its hour has no row', async () => {
    observe(['10:30:00', { bikes: 5 }]);
    expect(await hourly('changes')).toEqual([]);
  });

  test('full needs docks: null where the feed gives none', async () => {
    observe(['10:00:00', { bikes: 5, docks: 0 }], ['10:01:00', { bikes: 5, docks: 1 }], ['10:03:00', { bikes: 5, docks: null }], ['11:00:00', { bikes: 5, docks: null }], ['11:01:00', { bikes: 5, docks: null }]); // biome-ignore format: one line a test
    expect(await hourly('observed_seconds, full_seconds')).toEqual([
      ['21 10', 180, 60],
      ['21 11', 60, null],
    ]);
  });

  test('closed: not installed, or neither renting nor returning', async () => {
    const open = { bikes: 1 };
    observe(
      ['10:00:00', { ...open, is_installed: false }],
      ['10:01:00', { ...open, is_renting: false }],
      ['10:03:00', { ...open, is_renting: false, is_returning: false }],
      ['10:07:00', open],
    );
    expect(await hourly('closed_seconds')).toEqual([['21 10', 300]]);
  });

  test('5 bikes at once, and a quarter of the places: suspected of a truck; 4, or 5 of 40 places, are not', async () => {
    observe(
      ['10:00:00', { bikes: 10, docks: 10 }],
      ['10:01:00', { bikes: 5, docks: 15 }],
      ['10:02:00', { bikes: 9, docks: 11 }],
      ['10:03:00', { bikes: 20, docks: 0 }],
    );
    lake.bronze([
      ...chunk({ slot_ms: t('12:00:00'), sequence: 11 }, { large: { bikes: 20, docks: 20 } }),
      ...chunk({ slot_ms: t('12:01:00'), sequence: 12 }, { large: { bikes: 15, docks: 25 } }),
    ]);
    expect(await hourly('station_id, falls, rentals_min, rebalanced_out, rises, returns_min, rebalanced_in')).toEqual([
      ['21 12', 'large', 5, 5, 0, 0, 0, 0],
      ['21 10', 's', 5, 0, 5, 15, 4, 11],
    ]);
  });

  test('midnight: the interval that crosses it counts in both days, and the pair in the new one', async () => {
    lake.bronze([
      ...chunk({ slot_ms: at('2026-11-21T23:59:00Z'), sequence: 1 }, { s: { bikes: 4 } }),
      ...chunk({ slot_ms: at('2026-11-22T00:03:00Z'), sequence: 2 }, { s: { bikes: 3 } }),
      ...chunk({ slot_ms: at('2026-11-22T00:04:00Z'), sequence: 3 }, { s: { bikes: 3 } }),
    ]);
    expect(await hourly('observed_seconds, bike_seconds, falls, changes, CAST(event_date AS VARCHAR)')).toEqual([
      ['21 23', 60, 240, 0, 0, '2026-11-21'],
      ['22 00', 240, 900, 1, 1, '2026-11-22'],
    ]);
  });

  test('a pair whose later observation is at midnight sharp counts in the new day', async () => {
    lake.bronze([
      ...chunk({ slot_ms: at('2026-11-21T23:59:00Z'), sequence: 1 }, { s: { bikes: 4 } }),
      ...chunk({ slot_ms: at('2026-11-22T00:00:00Z'), sequence: 2 }, { s: { bikes: 1 } }),
    ]);
    expect(await hourly('observed_seconds, falls, changes')).toEqual([
      ['21 23', 60, 0, 0],
      ['22 00', 0, 3, 1],
    ]);
  });

  test('an interval longer than a day counts in the day between, which has no observation', async () => {
    lake.remove();
    lake = new SmallLake([{ system_id: 'sys', interval_s: 86_400, time_zone: 'UTC' }]);
    lake.bronze([
      ...chunk({ slot_ms: at('2026-11-20T12:00:00Z'), sequence: 1 }, { s: { bikes: 4 } }),
      ...chunk({ slot_ms: at('2026-11-22T12:00:00Z'), sequence: 2 }, { s: { bikes: 3 } }),
    ]);
    await settleLake(lake.root);
    expect(
      await lake.rows('SELECT CAST(event_date AS VARCHAR), sum(observed_seconds) FROM gold.station_hourly GROUP BY 1 ORDER BY 1'),
    ).toEqual([['2026-11-20', 43_200], ['2026-11-21', 86_400], ['2026-11-22', 43_200]]); // biome-ignore format: pairs
  });

  test('agrees with plain arithmetic on arbitrary observations', async () => {
    const seen = fc.record({
      bikes: fc.integer({ min: 0, max: 4 }),
      docks: fc.constantFrom(null, 0, 3),
      is_renting: fc.boolean(),
      is_returning: fc.boolean(),
    });
    const station = fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), seen), { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(station, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 0, max: 59 }),
        async (drawn, minute) => {
          const own = new SmallLake();
          try {
            const stations = drawn.map((steps) => {
              let slot_ms = at('2026-11-21T22:00:00Z') + minute * MINUTE;
              return steps.map(([minutes, seen]) => {
                slot_ms += minutes * MINUTE;
                return { slot_ms, seen: seen as Seen };
              });
            });
            // A part of its own for each station, so that each has its own slots.
            own.bronze(
              stations.flatMap((observed, part) =>
                observed.flatMap(({ slot_ms, seen }, i) =>
                  chunk({ slot_ms, sequence: part * 1000 + i + 1, part }, { [`s${part}`]: seen }),
                ),
              ),
            );
            await settleLake(own.root);
            const found =
              await own.rows(`SELECT station_id, epoch_ms(hour), observed_seconds, bike_seconds, empty_seconds, full_seconds,
            closed_seconds, bikes_min, bikes_max, falls, rises, changes FROM gold.station_hourly ORDER BY station_id, hour`);
            const expected = stations.flatMap(
              (observed, i) =>
            [...foldHours(observed, 600_000)]
              .filter(([, row]) => row.observed_seconds > 0 || row.changes > 0)
              .sort(([a], [b]) => a - b)
              .map(([hour, row]) => [`s${i}`, hour, row.observed_seconds, row.bike_seconds, row.empty_seconds, row.full_seconds,
                row.closed_seconds, row.bikes_min, row.bikes_max, row.falls, row.rises, row.changes]), // biome-ignore format: a row
            );
            // Without an interval the sums are null or 0, and so are they in the fold.
            expect(found.map((row) => row.map((v, i) => (i === 3 ? (v ?? 0) : v)))).toEqual(expected);
          } finally {
            own.remove();
          }
        },
      ),
      { numRuns: Number(process.env.GOLD_RUNS ?? 12), interruptAfterTimeLimit: 30_000, endOnFailure: true },
    );
  }, 60_000);
});
