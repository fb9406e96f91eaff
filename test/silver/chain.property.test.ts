import fc from 'fast-check';
import { expect, test } from 'vitest';
import { processBatch, type SilverPorts } from '../../lib/silver/process-batch.ts';
import { apply, emptyState } from '../../lib/silver/state.ts';
import type { LaneRecord } from '../../lib/stream/record.ts';
import { MemoryCheckpoints, MemoryLog, type PutFault } from './memory-log.ts';
import { laneRecord, MINUTE, START_MS } from './records.ts';

/**
 * The protocol under arbitrary streams, faults and interleavings of up to three environments: whatever happens, the chain holds
 * every record once, and its rows are the fold of the stream in stream order. The oracle below shares no code with the program.
 */
interface Step {
  readonly size: number;
  readonly envs: readonly number[];
  readonly before: 'nothing' | 'forget' | 'lose checkpoint' | 'restore checkpoint';
}

const arbRecord = fc.record({
  minute: fc.integer({ min: -3, max: 5 }),
  parts: fc.dictionary(
    fc.constantFrom('0', '1'),
    fc.dictionary(fc.constantFrom('s', 't', 'u'), fc.constantFrom('A', 'B'), { minKeys: 1 }),
    { minKeys: 1 },
  ),
  lane: fc.constantFrom('a', 'a', 'b'),
  again: fc.boolean(),
});
const arbStep: fc.Arbitrary<Step> = fc.record({
  size: fc.integer({ min: 1, max: 4 }),
  envs: fc.uniqueArray(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 2 }),
  before: fc.constantFrom('nothing', 'nothing', 'forget', 'lose checkpoint', 'restore checkpoint'),
});
const arbFault = fc.constantFrom<PutFault>('none', 'none', 'none', 'none', 'reply_lost', 'request_lost', 'lands_late');

function streamOf(drawn: readonly { minute: number; parts: object; lane: string; again: boolean }[]): LaneRecord[] {
  const sent = drawn.flatMap((d) => (d.again ? [d, d] : [d]));
  return sent.map((d, i) => laneRecord(i + 9, d.minute, d.parts as Record<number, Record<string, string>>, d.lane));
}

/** Rows and counts that a lane's chain must come to: one pass over its records in stream order. */
function oracle(records: readonly LaneRecord[]) {
  const newest: Record<string, number> = {};
  const last: Record<string, { slot: number; hash: string }> = {};
  const rows: string[] = [];
  const counts = { fresh: 0, unchanged: 0, duplicate: 0, late: 0 };
  for (const record of records) {
    for (const part of record.parts) {
      const seen = newest[part.key];
      for (const event of part.events) {
        // The newest slot of the part judges first, as a whole; then that of the station, which may have moved between parts.
        const bound = seen !== undefined && record.slot_ms <= seen ? seen : (last[event.id]?.slot ?? -Infinity);
        if (record.slot_ms < bound) counts.late++;
        else if (record.slot_ms === bound) counts.duplicate++;
        else if (last[event.id]?.hash === event.hash) counts.unchanged++;
        else {
          last[event.id] = { slot: record.slot_ms, hash: event.hash };
          rows.push(`${event.id}@${(record.slot_ms - START_MS) / MINUTE}=${event.hash[0]}`);
          counts.fresh++;
        }
      }
      newest[part.key] = Math.max(seen ?? -Infinity, record.slot_ms);
    }
  }
  return { rows, counts };
}

test('every record once, in stream order, under faults, twins, lost memory and lost or restored checkpoints', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(arbRecord, { minLength: 1, maxLength: 14 }),
      fc.infiniteStream(arbStep),
      fc.infiniteStream(arbFault),
      fc.constantFrom(1, 2, 3, 16),
      fc.scheduler(),
      async (drawn, steps, faults, checkpoint_every, scheduler) => {
        const stream = streamOf(drawn);
        let quiet = false;
        const log = new MemoryLog(
          () => (quiet ? 'none' : faults.next().value),
          (act) => scheduler.schedule(Promise.resolve()).then(act),
        );
        const checkpoints = new MemoryCheckpoints();
        const envs: SilverPorts[] = [0, 1, 2].map(() => ({
          log,
          checkpoints,
          memory: new Map(),
          checkpoint_every,
          pause: async () => undefined,
          warn: () => undefined,
        }));
        let done = 0;
        for (let round = 0; done < stream.length; round++) {
          quiet = round > 40;
          const step = steps.next().value;
          disturb(step, envs, checkpoints);
          const batch = stream.slice(done, done + step.size);
          const run = Promise.all(step.envs.map((e: number) => processBatch(batch, envs[e] as SilverPorts)));
          const [open] = await scheduler.waitFor(run);
          const next = open === null ? done + batch.length : stream.findIndex((r) => r.sequence_number === open);
          expect(next).toBeGreaterThanOrEqual(done);
          done = next;
        }
        quiet = true;
        await scheduler.waitAll();
        for (const lane of new Set(stream.map((r) => r.lane))) await expectChain(log, lane, stream);
      },
    ),
    { numRuns: Number(process.env.SILVER_RUNS ?? 200) },
  );
}, 120_000);

function disturb(step: Step, envs: readonly SilverPorts[], checkpoints: MemoryCheckpoints): void {
  if (step.before === 'forget') envs[step.envs[0] ?? 0]?.memory.clear();
  if (step.before === 'lose checkpoint') checkpoints.items.clear();
  const old = checkpoints.earlier[0];
  if (step.before === 'restore checkpoint' && old !== undefined) checkpoints.items.set(old.lane, old);
}

async function expectChain(log: MemoryLog, lane: string, stream: readonly LaneRecord[]): Promise<void> {
  const own = stream.filter((r) => r.lane === lane);
  const chain = await log.chain(lane);
  expect(chain.map((o) => o.version)).toEqual(chain.map((_, i) => i + 1));
  const batches = chain.flatMap((o) => (o.object.type === 'batch' ? [o.object] : []));
  const consumed = batches.flatMap((b) =>
    own
      .map((r) => r.sequence_number)
      .filter((s) => Number(s) >= Number(b.first_sequence) && Number(s) <= Number(b.last_sequence)),
  );
  expect(consumed).toEqual(own.map((r) => r.sequence_number));
  const { rows, counts } = oracle(own);
  const found = batches.flatMap((b) =>
    b.changes.map((c) => `${c.station_id}@${(c.slot_ms - START_MS) / MINUTE}=${c.content_hash[0]}`),
  );
  expect(found).toEqual(rows);
  for (const count of ['fresh', 'unchanged', 'duplicate', 'late'] as const) {
    expect(batches.reduce((sum, b) => sum + b.counts[count], 0)).toBe(counts[count]);
  }
  // The newest folder alone gives the state that the whole chain gives.
  const whole = emptyState();
  for (const o of chain) apply(whole, o.key.slice(-31, -21), o.object);
  const newest = chain.filter((o) => o.key.slice(-31, -21) === chain.at(-1)?.key.slice(-31, -21));
  const folded = newest[0]?.before ?? emptyState();
  for (const o of newest) apply(folded, o.key.slice(-31, -21), o.object);
  expect(folded).toEqual(whole);
}
