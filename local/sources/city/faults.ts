import { chance, hash32 } from './random.ts';
import type { Snapshot, StationSnapshot } from './snapshot.ts';

/**
 * What a feed gets wrong, each as real ones do: a document that stands still for some minutes, an empty station list, a negative
 * count, a station that is listed twice, a station without a report time, an internal error, too many requests.
 */
export const FAULTS = [
  'stale',
  'empty',
  'negative_count',
  'repeated_station',
  'no_report_time',
  'server_error',
  'too_many_requests',
] as const;
export type Fault = (typeof FAULTS)[number];
export type FaultRates = Readonly<Record<Fault, number>>;

/** The chance of each fault in a minute of a feed; of `stale`, in ten minutes. */
export const USUAL_FAULTS: FaultRates = {
  stale: 1 / 60,
  empty: 1 / 400,
  negative_count: 1 / 120,
  repeated_station: 1 / 120,
  no_report_time: 1 / 60,
  server_error: 1 / 200,
  too_many_requests: 1 / 200,
};
export const NO_FAULTS: FaultRates = {
  stale: 0,
  empty: 0,
  negative_count: 0,
  repeated_station: 0,
  no_report_time: 0,
  server_error: 0,
  too_many_requests: 0,
};

const MINUTE_MS = 60_000;
const STALE_MS = 10 * MINUTE_MS;

/** Whether a fault is due: it follows from seed, feed and minute alone, so that a run can be repeated. */
export function isDue(fault: Fault, rates: FaultRates, seed: number, feed: number, time_ms: number): boolean {
  const period = Math.floor(time_ms / (fault === 'stale' ? STALE_MS : MINUTE_MS));
  return chance(seed, feed, FAULTS.indexOf(fault), period) < rates[fault];
}

/** Faults of single records, and what each makes of the station list. `at` is the place of the station it hits. */
const DAMAGES: readonly (readonly [Fault, (stations: readonly StationSnapshot[], at: number) => StationSnapshot[]])[] =
  [
    ['negative_count', (stations, at) => stations.map((s, i) => (i === at ? { ...s, bikes: -1 } : s))],
    ['repeated_station', (stations, at) => [...stations, ...stations.slice(at, at + 1)]],
    ['no_report_time', (stations, at) => stations.map((s, i) => (i === at ? { ...s, changed_ms: null } : s))],
    ['empty', () => []],
  ];

/** The snapshot with the damage that is due, and which that was. */
export function damaged(
  snapshot: Snapshot,
  rates: FaultRates,
  seed: number,
  feed: number,
): { readonly snapshot: Snapshot; readonly faults: readonly Fault[] } {
  const due = DAMAGES.filter(([fault]) => isDue(fault, rates, seed, feed, snapshot.time_ms));
  const at = hash32(seed, feed, snapshot.time_ms / MINUTE_MS) % Math.max(1, snapshot.stations.length);
  const stations = due.reduce<readonly StationSnapshot[]>((list, [, damage]) => damage(list, at), snapshot.stations);
  return { snapshot: { ...snapshot, stations }, faults: due.map(([fault]) => fault) };
}
