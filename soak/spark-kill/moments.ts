import type { Random } from '../../local/sources/city/random.ts';

/** What a run is seen to do: by a new file of its warehouse, a file that is gone, or a line that it says. */
export const EVENTS = ['start', 'table', 'data', 'manifest', 'commit', 'thing', 'remembered', 'all made', 'rewrite_data_files', 'expire_snapshots', 'remove_orphan_files', 'gone'] as const; // biome-ignore format: a list
export type Event = (typeof EVENTS)[number];

/** SIGKILL so many ms after the nth event of a kind. */
export interface Moment {
  readonly event: Event;
  readonly nth: number;
  readonly delay_ms: number;
  /** And after so many commits at the latest: a run that has no such event leaves work to the next one. */
  readonly commits: number;
}

interface Draw {
  readonly event: Event;
  /** The longest delay: about as long as what follows the event takes. */
  readonly up_to_ms: number;
}

/** Each part of a run of settle, audit and gold: what stands between two writes is as likely as any other, however short it is. */
const DAILY: readonly Draw[] = [
  { event: 'data', up_to_ms: 150 },
  { event: 'commit', up_to_ms: 1500 },
  { event: 'thing', up_to_ms: 1000 },
  { event: 'manifest', up_to_ms: 60 },
  { event: 'start', up_to_ms: 20_000 },
  { event: 'remembered', up_to_ms: 100 },
  { event: 'data', up_to_ms: 20 },
  { event: 'table', up_to_ms: 100 },
];
const REPORT: Draw = { event: 'all made', up_to_ms: 4000 };
const MAINTAIN: readonly Draw[] = [
  { event: 'rewrite_data_files', up_to_ms: 2000 },
  { event: 'expire_snapshots', up_to_ms: 2000 },
  { event: 'remove_orphan_files', up_to_ms: 2000 },
  { event: 'gone', up_to_ms: 20 },
  { event: 'data', up_to_ms: 200 },
];

/** Draws of an episode in any order; `totals`: how many events of a kind a run has that nobody ends. */
export function dailyMoments(random: Random, kills: number, totals: Readonly<Record<string, number>>): Moment[] {
  const draws = Array.from({ length: kills - 1 }, (_, i) => DAILY[i % DAILY.length] as Draw);
  const commits = 2 * share(totals, 'commit', kills);
  return [
    ...shuffled(random, draws).map((draw) => ({
      ...momentOf(random, draw, share(totals, draw.event, kills)),
      commits,
    })),
    momentOf(random, REPORT, 1),
  ];
}

/** Of a run that finds nothing to make. */
export const idleMoment = (random: Random): Moment => momentOf(random, REPORT, 1);

export function maintainMoments(random: Random, kills: number, tables: number): Moment[] {
  const draws = Array.from({ length: kills }, (_, i) => MAINTAIN[i % MAINTAIN.length] as Draw);
  return shuffled(random, draws).map((draw) => momentOf(random, draw, draw.event === 'gone' ? 20 : tables));
}

/** A run goes on with what the one before left: each may do as much of the whole as there are runs. */
function share(totals: Readonly<Record<string, number>>, event: Event, kills: number): number {
  return Math.max(1, Math.floor((totals[event] ?? 1) / kills));
}

function momentOf(random: Random, { event, up_to_ms }: Draw, times: number): Moment {
  const nth = 1 + random.below(times);
  return { event, nth, delay_ms: Math.round(random.next() * up_to_ms), commits: Number.POSITIVE_INFINITY };
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.below(left.length), 1)[0] as T);
}
