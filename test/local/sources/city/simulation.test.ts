import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { City } from '../../../../local/sources/city/city.ts';
import { availableAt, bikesAt, isRenting } from '../../../../local/sources/city/station.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Monday 2026-11-16, 04:00 in Seoul: a city that is asked in that week begins then. */
const MONDAY_MS = Date.parse('2026-11-15T19:00:00Z');

const cityOf = (seed = 1, stations = 60, overfull = false) =>
  new City({ seed, stations, overfull, from_ms: MONDAY_MS + HOUR_MS });

const bikesInStations = (city: City) => city.stations.reduce((sum, s) => sum + bikesAt(s), 0);
const picture = (city: City) =>
  JSON.stringify([
    city.stations.map(({ available, broken, docks, maintenance, locked_for_night, changed_ms }) => [
      available,
      broken,
      docks,
      maintenance,
      locked_for_night,
      changed_ms,
    ]),
    [city.on_road, city.on_trucks, city.in_workshop, city.turned_away],
    city.truth.rows(),
  ]);

describe('a simulated city', () => {
  test('begins on the Monday before, with about half of its docks taken', () => {
    const city = cityOf(1, 300);
    expect(city.timeline.now_ms).toBe(MONDAY_MS);
    expect(city.stations).toHaveLength(300);
    const docks = city.stations.reduce((sum, s) => sum + s.docks, 0);
    expect(city.fleet / docks).toBeGreaterThan(0.45);
    expect(city.fleet / docks).toBeLessThan(0.55);
  });

  test('never loses or invents a bike, and no count is ever negative', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 8 * HOUR_MS }), { maxLength: 8 }),
        (seed, overfull, steps_ms) => {
          const city = cityOf(seed, 30, overfull);
          for (const step_ms of steps_ms) {
            city.advanceTo(city.timeline.now_ms + step_ms);
            expect(bikesInStations(city) + city.on_road + city.on_trucks + city.in_workshop).toBe(city.fleet);
            const counts = city.stations.flatMap((s) => [...Object.values(s.available), ...Object.values(s.broken)]);
            expect(Math.min(city.on_road, city.on_trucks, city.in_workshop, ...counts)).toBeGreaterThanOrEqual(0);
            if (!overfull) expect(city.stations.filter((s) => bikesAt(s) > s.docks)).toEqual([]);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('is the same whether it is asked once or many times on the way', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(fc.integer({ min: 0, max: 30 * HOUR_MS }), { maxLength: 30 }),
        (seed, asked) => {
          const often = cityOf(seed, 20);
          for (const after_ms of asked.sort((a, b) => a - b)) often.advanceTo(MONDAY_MS + after_ms);
          often.advanceTo(MONDAY_MS + 30 * HOUR_MS);
          const once = cityOf(seed, 20);
          once.advanceTo(MONDAY_MS + 30 * HOUR_MS);
          expect(picture(often)).toBe(picture(once));
        },
      ),
      { numRuns: 25 },
    );
  });

  test('asked every minute or once a day: the same', () => {
    const by_minute = cityOf();
    for (let minute = 1; minute <= 24 * 60; minute++) by_minute.advanceTo(MONDAY_MS + minute * MINUTE_MS);
    const at_once = cityOf();
    at_once.advanceTo(MONDAY_MS + 24 * HOUR_MS);
    expect(picture(by_minute)).toBe(picture(at_once));
  });

  test('is another one with another seed', () => {
    expect(picture(cityOf(1))).not.toBe(picture(cityOf(2)));
  });

  test('a time that has passed changes nothing', () => {
    const city = cityOf();
    city.advanceTo(MONDAY_MS + 5 * HOUR_MS);
    const before = picture(city);
    city.advanceTo(MONDAY_MS + HOUR_MS);
    expect(picture(city)).toBe(before);
    expect(city.timeline.now_ms).toBe(MONDAY_MS + 5 * HOUR_MS);
  });

  test('a jump of a day takes less than a second of processor time', () => {
    const city = cityOf(1, 300);
    const begun = process.cpuUsage();
    city.advanceTo(MONDAY_MS + 24 * HOUR_MS);
    expect(process.cpuUsage(begun).user).toBeLessThan(1_000_000);
  });

  describe('through a week', () => {
    const city = cityOf(1, 300);
    const hours = new Map<number, { empty_centre: number; empty_housing: number; locked: number }>();
    for (let hour = 1; hour <= 7 * 24; hour++) {
      city.advanceTo(MONDAY_MS + hour * HOUR_MS);
      const empty = (zone: string) =>
        city.stations.filter((s) => s.station.zone === zone && availableAt(s) === 0).length /
        city.stations.filter((s) => s.station.zone === zone).length;
      hours.set(hour, {
        empty_centre: empty('centre'),
        empty_housing: empty('housing'),
        locked: city.stations.filter((s) => s.locked_for_night && !isRenting(s)).length,
      });
    }
    const rows = city.truth.rows();
    /** Rentals of the whole city in an hour that begins so long after Monday 04:00. */
    const rentals = (hour: number) =>
      rows.filter((r) => r.hour_ms === MONDAY_MS + hour * HOUR_MS).reduce((sum, r) => sum + r.rentals, 0);
    const tuesday = (local_hour: number) => 24 + local_hour - 4;

    test('people ride to work and back, and sleep at night', () => {
      expect(rentals(tuesday(8))).toBeGreaterThan(300);
      expect(rentals(tuesday(18))).toBeGreaterThan(300);
      expect(rentals(tuesday(12))).toBeLessThan(rentals(tuesday(8)));
      expect(rentals(tuesday(27))).toBeLessThan(50);
    });

    test('the weekend has no rush in the morning', () => {
      const saturday = (local_hour: number) => 5 * 24 + local_hour - 4;
      expect(rentals(saturday(8))).toBeLessThan(rentals(tuesday(8)) / 2);
      expect(rentals(saturday(14))).toBeGreaterThan(rentals(saturday(8)));
    });

    test('the morning empties where people live, not where they work', () => {
      const after_rush = hours.get(tuesday(9));
      expect(after_rush?.empty_housing).toBeGreaterThan(0.2);
      expect(after_rush?.empty_centre).toBeLessThan(0.1);
    });

    test('parks are locked at night alone', () => {
      expect(hours.get(tuesday(25))?.locked).toBeGreaterThan(0);
      expect(hours.get(tuesday(12))?.locked).toBe(0);
    });

    test('trucks take and bring, bikes break and come back, stations close and grow', () => {
      const sum = (move: 'taken' | 'brought') => rows.reduce((total, row) => total + row[move], 0);
      expect(sum('taken')).toBeGreaterThan(500);
      expect(sum('brought')).toBeGreaterThan(500);
      expect(city.in_workshop).toBeGreaterThan(0);
      expect(city.turned_away).toBeGreaterThan(0);
      expect(city.stations.filter((s) => s.docks > s.station.docks).length).toBeGreaterThan(0);
    });

    test('the truth accounts for every bike of every station', () => {
      const begun = cityOf(1, 300);
      for (const { station } of city.stations) {
        const moves = rows.filter((row) => row.station === station.index);
        const came = moves.reduce((sum, row) => sum + row.returns + row.brought, 0);
        const left = moves.reduce((sum, row) => sum + row.rentals + row.taken, 0);
        expect(bikesAt(begun.at(station.index)) + came - left).toBe(bikesAt(city.at(station.index)));
      }
    });
  });

  test('what a poll a minute sees of it is a lower bound of the truth, and not far below', () => {
    const city = cityOf(3, 60);
    const falls = city.stations.map(() => 0);
    const rises = city.stations.map(() => 0);
    let before = city.stations.map(bikesAt);
    for (let minute = 1; minute <= 24 * 60; minute++) {
      city.advanceTo(MONDAY_MS + minute * MINUTE_MS);
      const after = city.stations.map(bikesAt);
      after.forEach((bikes, i) => {
        const fall = (before[i] ?? 0) - bikes;
        falls[i] = (falls[i] ?? 0) + Math.max(0, fall);
        rises[i] = (rises[i] ?? 0) + Math.max(0, -fall);
      });
      before = after;
    }
    const rows = city.truth.rows();
    const truth = (station: number, a: 'rentals' | 'returns', b: 'taken' | 'brought') =>
      rows.filter((r) => r.station === station).reduce((sum, r) => sum + r[a] + r[b], 0);
    const left = falls.map((_, i) => truth(i, 'rentals', 'taken'));
    const came = rises.map((_, i) => truth(i, 'returns', 'brought'));
    const total = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
    expect(falls.filter((n, i) => n > (left[i] ?? 0))).toEqual([]);
    expect(rises.filter((n, i) => n > (came[i] ?? 0))).toEqual([]);
    expect(total(falls)).toBeGreaterThan(0.9 * total(left));
    expect(total(rises)).toBeGreaterThan(0.9 * total(came));
  });
});
