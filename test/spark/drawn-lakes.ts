import fc from 'fast-check';
import type { Row } from '../../lib/parquet.ts';
import { at, chunk, MINUTE, receipt, type Seen, SmallLake } from '../gold/small-lake.ts';

const HOUR = 60 * MINUTE;
/** The shortest guard: observations further apart have a gap between them. */
const GUARD = 10 * MINUTE;

/** What a station has beside its counts, or hasn't. */
interface More {
  readonly num_docks_disabled: number | null;
  readonly capacity: number | null;
  readonly vehicle_types: string | null;
  readonly last_reported_ms: number | null;
  readonly flags: string | null;
}
type Station = Seen & More;

interface Poll {
  /** Time after the slot before, and whether the slot is moved on to the next full hour, or to the millisecond before it. */
  readonly after_ms: number;
  readonly edge: 'none' | 'hour' | 'before';
  readonly stations: Readonly<Record<string, Station>>;
  readonly is: 'a body' | 'a 304' | 'a failure' | 'no receipt';
  /** Polled a second time, with these. */
  readonly again: Readonly<Record<string, Station>> | null;
  /** Comes after this many later polls. */
  readonly late: number;
  readonly is_delivered_twice: boolean;
  /** What the log has of it: all, its first station, or no batch at all. */
  readonly log: 'all' | 'some' | 'given up';
  readonly information: {
    readonly name: string | null;
    readonly lat: number | null;
    readonly capacity: number | null;
  } | null;
}

interface Drawn {
  readonly start: string;
  readonly zones: readonly [string, string];
  readonly intervals: readonly [number, number];
  readonly polls: readonly Poll[];
}

const nullable = <T>(...values: T[]) => fc.constantFrom<T | null>(null, ...values);
const station = fc.record<Station>({
  bikes: fc.constantFrom(0, 0, 1, 2, 9, 30),
  docks: nullable(0, 5, 12),
  disabled: fc.constantFrom(0, 1, 6),
  is_installed: fc.constantFrom(true, true, true, false),
  is_renting: fc.constantFrom(true, true, false),
  is_returning: fc.constantFrom(true, true, false),
  num_docks_disabled: nullable(0, 3),
  capacity: nullable(20),
  vehicle_types: nullable('[["1",2]]', '[]'),
  last_reported_ms: nullable(0, 1_767_225_600_001),
  flags: nullable('capacity_exceeded'),
});
const stations = fc.dictionary(fc.constantFrom('a', 'b', 'ü "\\', "d'"), station, { minKeys: 1 });

const poll = fc.record<Poll>({
  after_ms: fc.constantFrom(MINUTE, MINUTE, MINUTE, 7 * MINUTE, GUARD, GUARD + 1, 31 * MINUTE, 3 * HOUR, 23 * HOUR),
  edge: fc.constantFrom('none', 'none', 'none', 'hour', 'before'),
  stations,
  is: fc.constantFrom('a body', 'a body', 'a body', 'a 304', 'a failure', 'no receipt'),
  again: fc.option(stations, { freq: 6 }),
  late: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 3),
  is_delivered_twice: fc.constantFrom(false, false, false, true),
  log: fc.constantFrom('all', 'all', 'all', 'all', 'all', 'all', 'some', 'some', 'given up'),
  information: fc.option(fc.record({ name: nullable('Nørrebro'), lat: nullable(-0.1, 48.2), capacity: nullable(4) }), {
    freq: 2,
  }),
});

/** Starts are some hours before a clock is moved, or a month or year ends; zones with quarter and half hours among them. */
const drawn = fc.record<Drawn>({
  start: fc.constantFrom('2026-03-28T22:50:00Z', '2026-10-24T23:40:00Z', '2026-11-01T04:30:00Z', '2026-04-04T13:50:00Z', '2026-12-31T23:45:00Z'),
  zones: fc.tuple(...[0, 1].map(() => fc.constantFrom('Europe/Vienna', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC'))) as fc.Arbitrary<[string, string]>,
  intervals: fc.constantFrom([60, 60] as const, [60, 600] as const, [600, 60] as const),
  polls: fc.array(poll, { minLength: 8, maxLength: 16 }),
}); // biome-ignore format: a table

/** Lakes of two systems, the same ones each time: gaps around the guard, hours and midnights at their edges, moved clocks, nulls, late and double polls and deliveries. */
export function drawnLakes(count: number): SmallLake[] {
  return fc.sample(drawn, { numRuns: count, seed: 20_261_121 }).map(lakeOf);
}

function lakeOf({ start, zones, intervals, polls }: Drawn): SmallLake {
  const ids = ['sys', 'other'];
  const lake = new SmallLake(
    ids.map((system_id, i) => ({ system_id, interval_s: intervals[i] ?? 60, time_zone: zones[i] ?? 'UTC' })),
  );
  const slots = slotsOf(at(start), polls);
  const order = polls.map((_, n) => n).sort((a, b) => a + (polls[a]?.late ?? 0) - b - (polls[b]?.late ?? 0) || b - a);
  const twice: Row[] = [];
  let sequence = 0;
  let basis_slot_ms: number | null = null;
  for (const [n, which] of order.entries()) {
    const [own, slot_ms] = [polls[which] as Poll, slots[which] ?? 0];
    // The other system is polled as well, every second time.
    const rows = ids.slice(0, 1 + (n % 2)).flatMap((system_id) => {
      const bodies = own.is === 'a 304' || own.is === 'a failure' ? [] : [own.stations, ...(own.again ? [own.again] : [])];
      const status = bodies.flatMap((body) => bodyRows({ slot_ms, system_id, sequence: ++sequence }, body));
      const counts = Object.keys(own.stations).length;
      return [...status, ...receiptRows({ slot_ms, system_id, sequence: 500 + ++sequence }, own, counts, basis_slot_ms)];
    }); // biome-ignore format: one line
    if (own.is === 'a body') basis_slot_ms = slot_ms;
    lake.bronze(rows);
    if (own.is_delivered_twice) twice.push(...rows);
    logOf(lake, own, slot_ms, rows);
  }
  if (twice.length > 0) lake.bronze(twice);
  return lake;
}

function slotsOf(start_ms: number, polls: readonly Poll[]): number[] {
  let slot_ms = start_ms;
  return polls.map(({ after_ms, edge }) => {
    slot_ms += after_ms;
    const hour = Math.ceil(slot_ms / HOUR) * HOUR;
    if (edge === 'hour') slot_ms = hour;
    if (edge === 'before' && hour - 1 > slot_ms) slot_ms = hour - 1;
    return slot_ms;
  });
}

interface Own {
  readonly slot_ms: number;
  readonly system_id: string;
  readonly sequence: number;
}

const bodyRows = (entry: Own, body: Readonly<Record<string, Station>>): Row[] =>
  chunk(entry, body).map((row) => {
    const { num_docks_disabled, capacity, vehicle_types, last_reported_ms, flags } = body[String(row.station_id)] as More;
    return { ...row, num_docks_disabled, capacity, vehicle_types, last_reported_ms, flags };
  }); // biome-ignore format: one line

function receiptRows(entry: Own, { is, information }: Poll, accepted: number, basis_slot_ms: number | null): Row[] {
  const own = {
    'a body': [receipt(entry, accepted, { fetched: accepted + 1, rejected: 1, rejected_reasons: '{"bad_count":1}' })],
    'a 304': basis_slot_ms === null ? [] : [receipt(entry, 0, { status: 'not_modified', http_code: 304, basis_slot_ms })],
    'a failure': [receipt(entry, 0, { status: 'failed', http_code: null, reason: 'timeout', bytes: null, latency_ms: null })],
    'no receipt': [],
  }[is]; // biome-ignore format: a table
  if (information === null) return own;
  const [row] = chunk({ ...entry, sequence: entry.sequence + 1000 }, { a: { bikes: 0 } });
  const content = { ...row, kind: 'information', ...information, lon: null, region_id: 'r', num_bikes_available: null };
  const hashed = { ...content, content_hash: JSON.stringify(information) };
  return [...own, hashed, receipt({ ...entry, sequence: entry.sequence + 2000 }, 1, { feed: 'station_information' })];
}

/** The log of system `sys`, as it might be: not what the Silver stage would make, so that there is something to find. */
function logOf(lake: SmallLake, { is, log, stations: seen }: Poll, slot_ms: number, rows: readonly Row[]): void {
  const own = rows.filter((row) => row.kind === 'status' && row.system_id === 'sys');
  if (log === 'given up' || is === 'a 304' || own.length === 0) return;
  const numbers = own.map((row) => Number(row.sequence_number));
  const changes = Object.entries(seen).map(([station_id, s]) => ({ station_id, slot_ms, seen: s }));
  const held = log === 'all' ? changes : changes.slice(0, 1);
  lake.log([Math.min(...numbers), Math.max(...numbers)], { fresh: held.length, unchanged: own.length - held.length }, held);
} // biome-ignore format: one line
