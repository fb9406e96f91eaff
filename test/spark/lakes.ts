import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import type { Row } from '../../lib/parquet.ts';
import { chainLake, minutePolls } from '../gold/chain-lake.ts';
import { writeRecordingLake } from '../gold/recording-lake.ts';
import { RECORDINGS } from '../gold/recordings.ts';
import { at, chunk, MINUTE, receipt, SmallLake } from '../gold/small-lake.ts';
import { deliver, Silver } from '../pipeline/consuming.ts';
import { type Season, season } from '../pipeline/draw.ts';
import { FOUND } from '../pipeline/found.ts';
import { pollSeason, systemsOf } from '../pipeline/polling.ts';
import { hasSharedData, hasTimeForLarge } from '../shared.ts';
import { isBounded } from './spark-runs.ts';

/** A lake with Bronze and a log, not settled yet. */
export interface TestLake {
  readonly name: string;
  readonly dir: string;
  readonly root: string;
  remove(): void;
}

/** The recordings: the first alone where time is bounded, the largest where there is time for it. */
export async function recordingLakes(): Promise<TestLake[]> {
  const lakes: TestLake[] = [];
  for (const recording of hasSharedData ? RECORDINGS : []) {
    const { system_id } = recording;
    if ((isBounded && system_id !== 'boulder') || (system_id === 'docomo' && !hasTimeForLarge)) continue;
    const dir = mkdtempSync(join(tmpdir(), 'bikelake-spark-'));
    const root = join(dir, 's3', 'bikelake-dev-lake');
    await writeRecordingLake(root, recording);
    lakes.push({ name: system_id, dir, root, remove: () => rmSync(dir, { recursive: true, force: true }) });
  }
  return lakes;
}

/** Seasons of the pipeline's tests (docs/proof.md): gaps, late and double polls, 304s, given-up batches, rejects; those that found something, and drawn ones, the same each time. */
export async function seasonLakes(known: number, drawn: number): Promise<TestLake[]> {
  const found = FOUND.slice(0, known).map(([own], i) => [`found-${i}`, own] as const);
  const seasons = fc.sample(season, { numRuns: drawn, seed: 20261121 }).map((s, i) => [`season-${i}`, s] as const);
  return Promise.all([...found, ...seasons].map(([name, s]) => seasonLake(name, s)));
}

async function seasonLake(name: string, drawn: Season): Promise<TestLake> {
  const lake = new SmallLake(systemsOf(drawn));
  const { stored } = await pollSeason(drawn);
  const silver = new Silver(drawn.log_puts);
  deliver(stored, drawn.deliveries, lake);
  await silver.consume(stored, drawn.batches);
  silver.write(lake);
  return named(name, lake);
}

export const named = (name: string, lake: SmallLake): TestLake => {
  return { name, dir: lake.dir, root: lake.root, remove: () => lake.remove() };
};

/** The local days of 23 and 25 hours, with a gap, a null for docks, rebalancing, and hours at their edges. */
export function clockChangeLake(): TestLake {
  const lake = new SmallLake([{ system_id: 'sys', interval_s: 60, time_zone: 'Europe/Vienna' }]);
  let sequence = 0;
  for (const [from, until] of [
    ['2026-03-28T22:00:00Z', '2026-03-29T03:00:00Z'],
    ['2026-10-24T21:00:00Z', '2026-10-25T03:00:00Z'],
  ] as const) {
    const rows = [];
    for (let slot_ms = at(from), n = 0; slot_ms <= at(until); slot_ms += 10 * MINUTE, n++) {
      if (n === 7) continue;
      sequence += 1;
      const stations = {
        a: { bikes: (n * 7) % 23 },
        b: { bikes: n % 2, docks: null },
        c: { bikes: 0, is_renting: n % 3 > 0 },
      };
      rows.push(...chunk({ slot_ms, sequence }, stations), receipt({ slot_ms, sequence: 1000 + sequence }, 3));
    }
    lake.bronze(rows);
  }
  return named('clock-change', lake);
}

/** Slots that a reload replaced, rows that a requeue brought back, and a receipt with rejections by reason. */
export function broughtBackLake(): TestLake {
  const lake = new SmallLake();
  const slot_ms = at('2026-11-20T23:50:00Z');
  const slots = [0, 1, 2, 12, 13, 14].map((n) => slot_ms + n * MINUTE);
  lake.bronze(
    slots.flatMap((slot, n) => [
      ...chunk({ slot_ms: slot, sequence: n + 1 }, { s: { bikes: n }, t: { bikes: 1 } }),
      receipt({ slot_ms: slot, sequence: 50 + n }, 2),
    ]),
  );
  const outside = { lane: null, shard_id: 'requeue' };
  lake.bronze([
    ...chunk({ slot_ms: slots[1] ?? 0, sequence: 90 }, { u: { bikes: 5 } }).map((row) => ({ ...row, ...outside })),
    receipt({ slot_ms: slots[1] ?? 0, sequence: 91 }, 3, {
      fetched: 4,
      rejected: 1,
      rejected_reasons: '{"bad_count":1,"no id \'é\'":0}',
      ...outside,
    }),
  ]);
  const id = '000001-test';
  const range = { from_ms: slots[3] ?? 0, until_ms: (slots[4] ?? 0) + MINUTE };
  const loaded = { lane: null, shard_id: `reload@${id}` };
  lake.bronze(
    [
      ...chunk({ slot_ms: range.from_ms, sequence: 95 }, { s: { bikes: 9 } }),
      receipt({ slot_ms: range.from_ms, sequence: 96 }, 1),
    ].map((row) => ({ ...row, ...loaded })),
  );
  const key = join(lake.root, 'reloads', `${id}.json`);
  mkdirSync(dirname(key), { recursive: true });
  writeFileSync(
    key,
    JSON.stringify({ format: 1, id, system_id: 'sys', kinds: ['status'], ...range, source: 'recording', content: 'x' }),
  );
  lake.log(
    [1, 6],
    { fresh: 7, unchanged: 5 },
    slots
      .map((slot, n) => ({ station_id: 's', slot_ms: slot, seen: { bikes: n } }))
      .concat([{ station_id: 't', slot_ms, seen: { bikes: 1 } }]),
  );
  // The log has begun a day of which nothing is in Bronze yet: views show it.
  lake.log([200, 201], { fresh: 1 }, [{ station_id: 's', slot_ms: at('2026-11-22T10:00:00Z'), seen: { bikes: 2 } }]);
  return named('brought-back', lake);
}

const FROM = at('2026-11-20T22:00:00Z');

/** Polls of three stations every 10 minutes of five hours over a midnight; station d is seen in the first hour only. */
function hours(isWanted: (hour: number) => boolean): Row[] {
  const rows: Row[] = [];
  for (let n = 0; n < 30; n++) {
    const hour = Math.floor(n / 6);
    if (!isWanted(hour)) continue;
    const slot_ms = FROM + n * 10 * MINUTE;
    const stations = { a: { bikes: Math.floor(n / 7) % 5 }, b: { bikes: n % 3 }, c: { bikes: 9 } };
    const seen = hour === 0 ? { ...stations, d: { bikes: 4 } } : stations;
    rows.push(...chunk({ slot_ms, sequence: n + 1 }, seen));
    rows.push(receipt({ slot_ms, sequence: 500 + n }, Object.keys(seen).length));
  }
  return rows;
}

/** A lake, and the same one as it is before the Bronze file of its first hour has come: the day after it is as it would be with it: `late` is a folder with that file. */
export function lateLakes(): { readonly whole: TestLake; readonly early: TestLake; readonly late: string } {
  const whole = new SmallLake();
  whole.bronze(hours((hour) => hour !== 0));
  whole.bronze(hours((hour) => hour === 0));
  const early = new SmallLake();
  early.bronze(hours((hour) => hour !== 0));
  const file = readdirSync(join(whole.root, 'bronze'), { recursive: true, encoding: 'utf8' }).find((f) =>
    f.endsWith('0002.parquet'),
  );
  if (file === undefined) throw new Error('the lake has no second file');
  const late = join(early.dir, 'late');
  mkdirSync(join(late, 'bronze', dirname(file)), { recursive: true });
  copyFileSync(join(whole.root, 'bronze', file), join(late, 'bronze', file));
  return { whole: named('whole', whole), early: named('early', early), late };
}

const PLANTED = 10;
export const stationsOf = (letter: string): string[] => Array.from({ length: PLANTED }, (_, i) => `${letter}${i}`);

/** Ten stations each: of `m` the log lacks a change, of `x` it holds one that never was, of `l` the last observation comes late, of `o` all is as it should be. */
export function plantedLake(): TestLake {
  const lake = new SmallLake();
  const slot = (n: number): number => FROM + n * MINUTE;
  const all = (letters: string, bikes: number) =>
    Object.fromEntries(
      letters
        .split('')
        .flatMap(stationsOf)
        .map((id) => [id, { bikes }]),
    );
  lake.bronze([
    ...chunk({ slot_ms: slot(0), sequence: 1 }, all('mxlo', 1)),
    ...chunk({ slot_ms: slot(2), sequence: 2 }, all('mxo', 2)),
    ...chunk({ slot_ms: slot(1), sequence: 3 }, all('l', 9)),
    receipt({ slot_ms: slot(0), sequence: 100 }, 40),
    receipt({ slot_ms: slot(2), sequence: 101 }, 30),
    receipt({ slot_ms: slot(1), sequence: 102 }, 10),
  ]);
  const changes = (letters: string, n: number, bikes: number) =>
    letters
      .split('')
      .flatMap(stationsOf)
      .map((station_id) => ({ station_id, slot_ms: slot(n), seen: { bikes } }));
  lake.log([1, 3], { fresh: 70, late: 10 }, [...changes('mxlo', 0, 1), ...changes('xo', 2, 2), ...changes('x', 5, 7)]);
  return named('planted', lake);
}

/** An hour over midnight, with the log that the Silver stage makes of it: batches hold records of both days. */
export async function midnightLake(): Promise<TestLake> {
  return named('midnight', await chainLake(minutePolls(at('2026-11-20T23:30:00Z'), at('2026-11-21T00:15:00Z')), 13));
}
