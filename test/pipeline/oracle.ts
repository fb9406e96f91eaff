/**
 * What a season must come to, by docs/architecture.md and the rules of settled Silver, from what the hosts answered and in which order it
 * entered the stream. It shares no code with the program.
 */
import { type DrawnStation, type Letter, PARTS } from './draw.ts';
import type { EventKind } from './host.ts';
import type { Run, Stored } from './polling.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const KINDS: readonly EventKind[] = ['status', 'information'];

export interface Planned {
  readonly system_id: string;
  readonly interval_s: number;
  readonly lanes: readonly string[];
}

/** Stations of one part of a document, as one record of the stream holds them. */
interface Entry {
  readonly system_id: string;
  readonly kind: EventKind;
  readonly part: number;
  readonly slot_ms: number;
  readonly stations: ReadonlyMap<string, Letter>;
}

export interface Observation {
  readonly slot_ms: number;
  readonly letter: Letter;
}

/** `[system, kind, station]` as text → what was seen of it, by slot. */
export type Observations = ReadonlyMap<string, readonly Observation[]>;

/** The guard: three intervals, ten minutes at least. Information comes once an hour. */
export const guardOf = (kind: EventKind, interval_s: number): number =>
  kind === 'information' ? 180 * MINUTE_MS : Math.max(10 * MINUTE_MS, interval_s * 3000);

/** Every good station once; of copies that differ none. */
function accepted(stations: readonly DrawnStation[]): Map<string, Letter> {
  const taken = stations.filter(({ form }) => form === 'good' || form === 'repeated');
  return new Map(taken.map(({ id, letter }) => [id, letter]));
}

const partOf = (id: string, parts: number): number => (parts === 1 ? 0 : (PARTS[id] ?? 0));

/** The entries of a record: each part that lies in its lane, of each document of its run, unless nothing of it was accepted. */
function entriesOf({ run, lane }: Stored, runs: readonly Run[], systems: readonly Planned[]): Entry[] {
  const { slot_ms, answers } = runs[run] as Run;
  return systems.flatMap(({ system_id, lanes }) =>
    KINDS.flatMap((kind) => {
      const answer = answers.get(`${system_id}/${kind}`);
      if (answer?.is !== 'a list') return [];
      return lanes.flatMap((own, part): Entry[] => {
        if (own !== lane) return [];
        const stations = [...accepted(answer.stations)].filter(([id]) => partOf(id, lanes.length) === part);
        return stations.length === 0 ? [] : [{ system_id, kind, part, slot_ms, stations: new Map(stations) }];
      });
    }),
  );
}

const partKey = ({ system_id, kind, part }: Pick<Entry, 'system_id' | 'kind' | 'part'>): string =>
  `${system_id}/${kind}/${part}`;

/** What was observed: of a part that came twice for a slot the first; a 304 observes the stations of the poll that it confirms, where its part has no record. */
export function observations(
  runs: readonly Run[],
  stored: readonly Stored[],
  systems: readonly Planned[],
): Observations {
  const counted = new Map<string, Entry>();
  for (const entry of stored.flatMap((record) => entriesOf(record, runs, systems))) {
    const key = `${partKey(entry)}@${entry.slot_ms}`;
    if (!counted.has(key)) counted.set(key, entry);
  }
  const seen = new Map<string, Observation[]>();
  const see = ({ system_id, kind, stations }: Entry, slot_ms: number) => {
    for (const [id, letter] of stations) {
      const key = JSON.stringify([system_id, kind, id]);
      seen.set(key, [...(seen.get(key) ?? []), { slot_ms, letter }]);
    }
  };
  for (const entry of counted.values()) see(entry, entry.slot_ms);
  const judged = new Set<string>();
  for (const { slot_ms, answers } of runs) {
    for (const { system_id, lanes } of systems) {
      for (const kind of KINDS) {
        const answer = answers.get(`${system_id}/${kind}`);
        const poll = `${system_id}/${kind}@${slot_ms}`;
        // A schedule fired twice: its first receipt counts.
        if (answer === undefined && kind === 'information') continue;
        if (judged.has(poll)) continue;
        judged.add(poll);
        if (answer?.is !== 'confirmed') continue;
        const basis = runs[answer.basis_run]?.answers.get(`${system_id}/${kind}`);
        if (basis?.is !== 'a list') throw new Error('a 304 confirms a list');
        lanes.forEach((_, part) => {
          const stations = [...accepted(basis.stations)].filter(([id]) => partOf(id, lanes.length) === part);
          const entry = { system_id, kind, part, slot_ms, stations: new Map(stations) };
          if (!counted.has(`${partKey(entry)}@${slot_ms}`)) see(entry, slot_ms);
        });
      }
    }
  }
  for (const own of seen.values()) own.sort((a, b) => a.slot_ms - b.slot_ms);
  return seen;
}

export interface Span {
  readonly letter: Letter;
  readonly from_ms: number;
  last_ms: number;
  to_ms: number;
  observations: number;
  readonly is_change: boolean;
}

/** Runs of equal content without a gap inside, cut at UTC midnight. */
export function spansOf(seen: readonly Observation[], guard_ms: number): Span[] {
  const spans: Span[] = [];
  seen.forEach(({ slot_ms, letter }, n) => {
    const before = seen[n - 1];
    const open = spans.at(-1);
    const is_near = before !== undefined && slot_ms - before.slot_ms <= guard_ms;
    const is_same_day = before !== undefined && Math.floor(before.slot_ms / DAY_MS) === Math.floor(slot_ms / DAY_MS);
    if (open && is_near) open.to_ms = slot_ms;
    if (open && is_near && is_same_day && before.letter === letter) {
      open.last_ms = slot_ms;
      open.observations += 1;
    } else {
      const is_change = before?.letter !== letter;
      spans.push({ letter, from_ms: slot_ms, last_ms: slot_ms, to_ms: slot_ms, observations: 1, is_change });
    }
  });
  return spans;
}

export interface LogFold {
  /** `[lane, system, kind, station, slot, letter]` of each change, as text, sorted. */
  readonly changes: readonly string[];
  readonly fresh: number;
  readonly unchanged: number;
  readonly duplicate: number;
  readonly late: number;
  /** Lines of records that were given up. */
  readonly not_consumed: number;
}

/** What the Silver log must hold: one pass over the records that were not given up, in stream order. */
export function logFold(
  runs: readonly Run[],
  stored: readonly Stored[],
  given_up: ReadonlySet<Stored>,
  systems: readonly Planned[],
): LogFold {
  const newest = new Map<string, number>();
  const last = new Map<string, Letter>();
  const changes: string[] = [];
  const counts = { fresh: 0, unchanged: 0, duplicate: 0, late: 0, not_consumed: 0 };
  for (const record of stored) {
    for (const entry of entriesOf(record, runs, systems)) {
      const { system_id, kind, slot_ms, stations } = entry;
      const newest_ms = newest.get(partKey(entry)) ?? -1;
      if (given_up.has(record)) counts.not_consumed += stations.size;
      else if (slot_ms < newest_ms) counts.late += stations.size;
      else if (slot_ms === newest_ms) counts.duplicate += stations.size;
      else {
        newest.set(partKey(entry), slot_ms);
        for (const [id, letter] of stations) {
          const key = JSON.stringify([system_id, kind, id]);
          if (last.get(key) === letter) counts.unchanged += 1;
          else {
            counts.fresh += 1;
            changes.push(JSON.stringify([record.lane, system_id, kind, id, slot_ms, letter]));
          }
          last.set(key, letter);
        }
      }
    }
  }
  return { changes: changes.sort(), ...counts };
}

export interface Counts {
  polls: number;
  polls_failed: number;
  fetched: number;
  accepted: number;
  rejected: number;
  repeated: number;
  bronze_distinct: number;
}

/** The receipts of station_status: each poll (system, slot) once, by its first receipt; and the distinct events of all its runs. */
export function receiptCounts(runs: readonly Run[], systems: readonly Planned[]): Counts {
  const counts = { polls: 0, polls_failed: 0, fetched: 0, accepted: 0, rejected: 0, repeated: 0, bronze_distinct: 0 };
  const events = new Set<string>();
  for (const { system_id, lanes } of systems) {
    const judged = new Set<number>();
    for (const { slot_ms, answers, refused } of runs) {
      const answer = answers.get(`${system_id}/status`);
      const stations = answer?.is === 'a list' ? answer.stations : [];
      const good = [...accepted(stations).keys()];
      const sent = good.filter((id) => lanes[partOf(id, lanes.length)] !== refused);
      for (const id of sent) events.add(JSON.stringify([system_id, id, slot_ms]));
      if (judged.has(slot_ms)) continue;
      judged.add(slot_ms);
      const copies = (form: DrawnStation['form'], n: number) => stations.filter((s) => s.form === form).length * n;
      const is_good = answer?.is === 'confirmed' || (answer?.is === 'a list' && sent.length === good.length);
      counts.polls += 1;
      counts.polls_failed += is_good ? 0 : 1;
      counts.fetched += copies('good', 1) + copies('repeated', 2) + copies('conflicting', 2) + copies('bad', 1);
      counts.accepted += sent.length;
      counts.rejected += copies('conflicting', 2) + copies('bad', 1) + good.length - sent.length;
      counts.repeated += copies('repeated', 1);
    }
  }
  return { ...counts, bronze_distinct: events.size };
}
