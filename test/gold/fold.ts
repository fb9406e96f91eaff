import type { Seen } from './small-lake.ts';

/** One station's observations, in slot order. */
export interface Observed {
  readonly slot_ms: number;
  readonly seen: Seen;
}

export interface HourRow {
  observed_seconds: number;
  bike_seconds: number;
  empty_seconds: number;
  full_seconds: number | null;
  closed_seconds: number;
  bikes_min: number | null;
  bikes_max: number | null;
  falls: number;
  rises: number;
  changes: number;
}

const HOUR_MS = 3_600_000;
const hourOf = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;

/** gold.md's station_hourly, second by second in the plain way: every interval is walked hour by hour. It shares nothing with the SQL. */
export function foldHours(observed: readonly Observed[], guard_ms: number): Map<number, HourRow> {
  const hours = new Map<number, HourRow>();
  const hour = (ms: number): HourRow => {
    const key = hourOf(ms);
    const known = hours.get(key) ?? {
      observed_seconds: 0, bike_seconds: 0, empty_seconds: 0, full_seconds: null, closed_seconds: 0,
      bikes_min: null, bikes_max: null, falls: 0, rises: 0, changes: 0,
    }; // biome-ignore format: a table
    hours.set(key, known);
    return known;
  };
  observed.forEach(({ slot_ms, seen }, i) => {
    const next = observed[i + 1];
    if (next === undefined) return;
    if (JSON.stringify(next.seen) !== JSON.stringify(seen)) hour(next.slot_ms).changes += 1;
    if (next.slot_ms - slot_ms > guard_ms) return;
    const difference = next.seen.bikes + (next.seen.disabled ?? 0) - seen.bikes - (seen.disabled ?? 0);
    if (difference < 0) hour(next.slot_ms).falls -= difference;
    if (difference > 0) hour(next.slot_ms).rises += difference;
    for (let from = slot_ms; from < next.slot_ms; from = hourOf(from) + HOUR_MS) {
      const seconds = (Math.min(next.slot_ms, hourOf(from) + HOUR_MS) - from) / 1000;
      const row = hour(from);
      row.observed_seconds += seconds;
      row.bike_seconds += seen.bikes * seconds;
      if (seen.bikes === 0) row.empty_seconds += seconds;
      if (seen.docks !== null) row.full_seconds = (row.full_seconds ?? 0) + (seen.docks === 0 ? seconds : 0);
      if (seen.is_installed === false || (seen.is_renting === false && seen.is_returning === false))
        row.closed_seconds += seconds;
      row.bikes_min = Math.min(row.bikes_min ?? Infinity, seen.bikes);
      row.bikes_max = Math.max(row.bikes_max ?? -Infinity, seen.bikes);
    }
  });
  return hours;
}
