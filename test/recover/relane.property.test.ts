import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Plan } from '../../lib/poll/plan.ts';
import { foldNewestFolder } from '../../lib/silver/log.ts';
import { processBatch, type SilverPorts } from '../../lib/silver/process-batch.ts';
import { partOf } from '../../lib/stream/lane.ts';
import type { LaneRecord } from '../../lib/stream/record.ts';
import { relaneLake } from '../../recover/relane-lake.ts';
import { MemoryCheckpoints, MemoryLog } from '../silver/memory-log.ts';
import { laneRecord, MINUTE, START_MS } from '../silver/records.ts';

/**
 * A system that moves in the middle of a stream, to as many parts or to others, whatever comes late before or after: its rows are those of an independent
 * fold, station by station. The fold knows nothing of states, chains and carry-overs.
 */
const IDS = ['s', 't', 'u', 'v', 'w'];
interface Poll {
  readonly minute: number;
  readonly seen: Readonly<Record<string, string>>;
}
const arbPoll: fc.Arbitrary<Poll> = fc.record({
  minute: fc.integer({ min: -4, max: 6 }),
  seen: fc.dictionary(fc.constantFrom(...IDS), fc.constantFrom('A', 'B'), { minKeys: 1 }),
});

const lanesOf = (prefix: string, parts: number, lanes: number): string[] =>
  Array.from({ length: parts }, (_, p) => `${prefix}${p % lanes}`);

/** The records of a poll: one for each lane, with the parts of the stations that were seen. */
function recordsOf(poll: Poll, lanes: readonly string[], sequence: number): LaneRecord[] {
  const byLane = new Map<string, Record<number, Record<string, string>>>();
  for (const [id, content] of Object.entries(poll.seen)) {
    const part = partOf(id, lanes.length);
    const lane = lanes[part] ?? '';
    const parts = byLane.get(lane) ?? {};
    byLane.set(lane, { ...parts, [part]: { ...parts[part], [id]: content } });
  }
  return [...byLane].map(([lane, parts], n) => laneRecord(sequence + n, poll.minute, parts, lane));
}

/** Rows that must come out, by station: an observation counts if it is newer than what its part saw; after a change of the parts, than what any part had seen. */
function expectedRows(
  before: readonly Poll[],
  after: readonly Poll[],
  from: number,
  to: number,
): Map<string, string[]> {
  const rows = new Map<string, string[]>();
  const content = new Map<string, string>();
  let seen = new Map<number, number>();
  const take = (polls: readonly Poll[], parts: number): void => {
    for (const { minute, seen: stations } of polls) {
      const late = new Set([...seen].filter(([, newest]) => minute <= newest).map(([part]) => part));
      for (const [id, found] of Object.entries(stations)) {
        const part = partOf(id, parts);
        if (late.has(part)) continue;
        seen.set(part, minute);
        if (content.get(id) === found) continue;
        content.set(id, found);
        rows.set(id, [...(rows.get(id) ?? []), `${minute}=${found}`]);
      }
    }
  };
  take(before, from);
  if (from !== to && seen.size > 0) {
    const newest = Math.max(...seen.values());
    seen = new Map(Array.from({ length: to }, (_, part) => [part, newest]));
  }
  take(after, to);
  return rows;
}

const planOf = (lanes: readonly string[]): Plan => ({
  format: 1,
  groups: [
    {
      group_id: 'g',
      interval_s: 60,
      systems: [
        { system_id: 'sys', kind: 'gbfs', url: 'https://feed.example', interval_s: 60, time_zone: 'UTC', lanes },
      ],
    },
  ],
});

test('no change is made up and none is lost, whatever comes late', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(arbPoll, { minLength: 1, maxLength: 7 }),
      fc.array(arbPoll, { minLength: 1, maxLength: 7 }),
      fc.constantFrom([1, 1], [2, 2], [1, 2], [2, 1], [3, 2], [2, 3]),
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
      async (before, after, [from = 1, to = 1], size, isRaced) => {
        const log = new MemoryLog();
        const checkpoints = new MemoryCheckpoints();
        const ports = (): SilverPorts => ({
          log, checkpoints, memory: new Map(), checkpoint_every: 2, pause: async () => undefined, warn: (_, { error }) => { throw new Error(String(error)); },
        }); // biome-ignore format: a table
        const run = async (
          polls: readonly Poll[],
          lanes: readonly string[],
          first: number,
          env: SilverPorts,
        ): Promise<void> => {
          const records = polls.flatMap((poll, n) => recordsOf(poll, lanes, first + 10 * n));
          for (let at = 0; at < records.length; at += size)
            expect(await processBatch(records.slice(at, at + size), env)).toBeNull();
        };
        const [old, begun] = [lanesOf('old', from, 2), lanesOf('new', to, 2)];
        const env = ports();
        await run(before, old, 100, env);
        const relane = async () => {
          let written: Plan | null = null;
          const writePlan = async (plan: Plan) => {
            written = plan;
          };
          const rest = { beyond: async () => new Map<string, number>() };
          await relaneLake(
            planOf(old),
            new Map([['sys', begun]]),
            { log, rest, writePlan, drain: async () => false },
            false,
          );
          expect(written).toEqual(planOf(begun));
        };
        await relane();
        // Raced: someone listed the new lanes before they were begun, and puts the first object after.
        const folders = log.folders.bind(log);
        const listed = new Set<string>(isRaced ? [] : begun.map((lane) => `log/lane=${lane}/`));
        log.folders = async (prefix) => {
          const isFirst = prefix.includes('=new') && !listed.has(prefix);
          listed.add(prefix);
          return isFirst ? [] : folders(prefix);
        };
        await run(after, begun, 900, env);
        log.folders = folders;
        const rows = new Map<string, string[]>();
        for (const lane of new Set([...old, ...begun])) {
          for (const { object } of await log.chain(lane)) {
            if (object.type === 'turn') continue;
            for (const { station_id, slot_ms, content_hash } of object.changes) {
              rows.set(station_id, [
                ...(rows.get(station_id) ?? []),
                `${(slot_ms - START_MS) / MINUTE}=${content_hash[0]}`,
              ]);
            }
          }
          // The newest folder alone gives a state with every station that the chain knows.
          const state = await foldNewestFolder(log, lane);
          expect(state.version).toBe((await log.chain(lane)).length);
        }
        expect(rows).toEqual(expectedRows(before, after, from, to));
      },
    ),
    { numRuns: Number(process.env.RELANE_RUNS ?? 60), interruptAfterTimeLimit: 45_000 },
  );
}, 90_000);
