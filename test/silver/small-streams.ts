import type { LaneRecord } from '../../lib/stream/record.ts';
import { type Sent, shardId, toLaneRecords } from './streams.ts';
import { World } from './world.ts';

/** `[lane, slot, part → station → content]`; a slot is half a day. */
type SmallRecord = readonly [
  lane: string,
  slot: number,
  parts: Readonly<Record<number, Readonly<Record<string, string>>>>,
];

export interface SmallStream {
  readonly shards: readonly (readonly SmallRecord[])[];
  readonly max_batch: number;
  /** How many days lie between one date of the stream and the next: 1, or so many that folders expire. */
  readonly days: number;
}

const records = (...slots: readonly (readonly [slot: number, content: string])[]): SmallRecord[] =>
  slots.map(([slot, content]) => ['0', slot, { 0: { 0: content } }]);
const small = (...shards: SmallRecord[][]): SmallStream => ({ shards, max_batch: 2, days: 1 });
const long = (...own: SmallRecord[]): SmallStream => ({ shards: [own], max_batch: 3, days: 1 });

/** The streams of the design's model, by its names. */
export const SMALL_STREAMS: Readonly<Record<string, SmallStream>> = {
  'in order, midnight, A-B-A': small(records([0, 'A'], [1, 'B'], [2, 'A'])),
  'in order, unchanged': small(records([1, 'A'], [2, 'A'], [3, 'B'])),
  'same chunk twice': small(records([1, 'A'], [2, 'B'], [2, 'B'])),
  'same slot, other content': small(records([1, 'A'], [1, 'B'], [2, 'B'])),
  'late, over midnight': small(records([1, 'A'], [3, 'B'], [2, 'A'])),
  'late with unchanged': small(records([0, 'A'], [2, 'A'], [1, 'B'])),
  'parts p1 p2 split': small([
    ['0', 1, { 0: { 0: 'A' } }],
    ['0', 1, { 1: { 1: 'B' } }],
    ['0', 2, { 0: { 0: 'B' } }],
  ]),
  'parts, p2 after midnight': small([
    ['0', 1, { 0: { 0: 'A' } }],
    ['0', 2, { 0: { 0: 'B' } }],
    ['0', 1, { 1: { 1: 'B' } }],
  ]),
  'two lanes in a batch': small([
    ['0', 1, { 0: { 0: 'A' } }],
    ['1', 1, { 0: { 0: 'A' } }],
    ['0', 2, { 0: { 0: 'B' } }],
  ]),
  reshard: small(records([0, 'A'], [1, 'B']), records([2, 'A'])),
  'reshard, twice sent': small(records([1, 'A'], [2, 'B']), records([2, 'B'])),
};

export const LONG_STREAMS: Readonly<Record<string, SmallStream>> = {
  'four records, A-B-A-B': long(...records([0, 'A'], [1, 'B'], [2, 'A'], [3, 'B'])),
  'four records, late and twice': long(...records([1, 'A'], [2, 'B'], [1, 'B'], [2, 'A'])),
  'two parts, two slots': long(
    ['0', 1, { 0: { 0: 'A' } }],
    ['0', 1, { 1: { 1: 'A' } }],
    ['0', 2, { 0: { 0: 'B' } }],
    ['0', 2, { 1: { 1: 'B' } }],
  ),
};

/** A lane that is silent until its objects expire; a station that is; a station that moves to another part inside a slot. */
export const OTHER_STREAMS: Readonly<Record<string, SmallStream>> = {
  SILENT: { ...small(records([0, 'A'], [1, 'B'], [12, 'B'])), days: 14 },
  QUIET: {
    ...small([
      ['0', 0, { 0: { 0: 'A' }, 1: { 1: 'A' } }],
      ['0', 8, { 0: { 0: 'B' } }],
      ['0', 10, { 0: { 0: 'A' } }],
      ['0', 12, { 1: { 1: 'A' } }],
    ]),
    days: 14,
  },
  HOP: small([
    ['0', 1, { 0: { 0: 'A' } }],
    ['0', 1, { 1: { 0: 'B' } }],
  ]),
};

const DAY_MS = 24 * 3_600_000;
const FIRST_MS = Date.UTC(2026, 10, 21);

export const slotMs = (slot: number, days: number): number =>
  FIRST_MS + Math.floor(slot / 2) * days * DAY_MS + (slot % 2) * (DAY_MS / 2);
/** The slot of a time; the day of a date, -1 for that of version 1. */
export const slotOf = (slot_ms: number, days: number): number => {
  const dates = Math.floor((slot_ms - FIRST_MS) / (days * DAY_MS));
  return dates * 2 + (slot_ms - slotMs(dates * 2, days)) / (DAY_MS / 2);
};
export const dayOf = (date: string, days: number): number =>
  date === '1970-01-01' ? -1 : (Date.parse(date) - FIRST_MS) / (days * DAY_MS);

/** Makes new worlds of the stream, one for each schedule; its records are encoded and parsed once. */
export function worldsOf(
  { shards, max_batch, days }: SmallStream,
  { checkpoint_every, is_early = false }: { checkpoint_every: number; is_early?: boolean },
): () => World {
  const sent = shards.map((own, s) => ({
    sent: own.map(([lane, slot, parts], n): Sent => {
      const slot_ms = slotMs(slot, days);
      const toPart = ([part, stations]: [string, Readonly<Record<string, string>>]) => ({
        kind: 'status' as const,
        system_id: 'sys',
        part: Number(part),
        fetched_at_ms: slot_ms + 5_000,
        stations: Object.entries(stations),
      });
      return { shard_id: shardId(s), sequence: 9 + n, lane, slot_ms, parts: Object.entries(parts).map(toPart) };
    }),
    parents: is_early ? [] : shards.slice(0, s).map((_, parent) => parent),
  }));
  const records: (readonly LaneRecord[])[] = sent.map((shard) => toLaneRecords(shard.sent));
  return () => new World({ shards: sent, envs: 2, max_batch, checkpoint_every, is_searched: true }, records);
}
