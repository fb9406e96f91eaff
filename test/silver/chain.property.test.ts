import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { encoding } from './plain-rows.ts';
import { Choices, drive, violationsOf } from './run.ts';
import { type Sent, type SentPart, shardId } from './streams.ts';
import { World } from './world.ts';

vi.mock('../../lib/parquet.ts', async (original) => (await import('./plain-rows.ts')).withPlainRows(original));

/**
 * The protocol under arbitrary streams, faults and interleavings: whatever happens, the chains are the fold of what was sent (oracle.ts).
 * A schedule is a list of bytes; where they end, all goes as planned, so a failure shrinks to the few steps that matter.
 *
 * `npm run soak` runs SOAK_RUNS schedules; SOAK_SEED and SOAK_PATH (as a failure prints them) repeat one.
 */
const isSoak = process.env.SOAK_RUNS !== undefined;
const RUNS = Number(process.env.SOAK_RUNS ?? 300);
const SEED = Number(process.env.SOAK_SEED ?? (isSoak ? Date.now() % 1e9 : 20261121));
const LIMIT_MS = Number(process.env.SOAK_LIMIT_MS ?? (isSoak ? 1_800_000 : 120_000));
const PARQUET_SHARE = 50;

const MINUTE = 60_000;
/** Two minutes before a UTC midnight. */
const START_MS = Date.UTC(2026, 10, 21, 23, 58);

const arbPart = fc.record({
  system_id: fc.constantFrom('sys', 'sys', 'city'),
  kind: fc.constantFrom('status' as const, 'status' as const, 'information' as const),
  part: fc.integer({ min: 0, max: 1 }),
  stations: fc.uniqueArray(fc.tuple(fc.constantFrom('s', 't', 'a "b\\', '__proto__'), fc.constantFrom('A', 'B', 'C')), {
    minLength: 1,
    maxLength: 3,
    selector: ([id]) => id,
  }),
});

const arbRecord = fc.record({
  /** Minutes since the record before: most a poll later, some over midnight, some after a lane was silent for longer than a week. */
  minutes: fc.constantFrom(1, 1, 1, 2, 0, 12 * 60, 24 * 60, 8 * 24 * 60, 50 * 24 * 60),
  late: fc.constantFrom(0, 0, 0, 0, 1, 2, 3, 24 * 60),
  lane: fc.constantFrom('a', 'a', 'b', 'c'),
  parts: fc.uniqueArray(arbPart, { minLength: 1, maxLength: 3, selector: (p) => `${p.system_id}/${p.kind}/${p.part}` }),
  /** How many times the record before it comes again. */
  again: fc.constantFrom(0, 0, 0, 0, 1, 2),
});
type Drawn = typeof arbRecord extends fc.Arbitrary<infer T> ? T : never;

/** One shard; a split of it into two; a merge of two. `cut`: the record from which on the children are written. */
const arbShards = fc.record({
  form: fc.constantFrom('one' as const, 'one' as const, 'child' as const, 'split' as const, 'merge' as const),
  cut: fc.integer({ min: 0, max: 8 }),
  is_early: fc.boolean(),
});
type Form = typeof arbShards extends fc.Arbitrary<infer T> ? T : never;

const FORMS = {
  one: { parents: [[]], before: () => 0, after: () => 0 },
  child: { parents: [[], [0]], before: () => 0, after: () => 1 },
  split: { parents: [[], [0], [0]], before: () => 0, after: (lane: string) => (lane === 'a' ? 1 : 2) },
  merge: { parents: [[], [], [0, 1]], before: (lane: string) => (lane === 'a' ? 0 : 1), after: () => 2 },
} as const;

function shardsOf(drawn: readonly Drawn[], { form, cut, is_early }: Form) {
  const { parents, before, after } = FORMS[form];
  const shards = parents.map((own) => ({ sent: [] as Sent[], parents: is_early ? [] : own }));
  let now_ms = START_MS;
  let sequence = 8; // grows from one digit to two: sequence numbers are not compared as text
  drawn.forEach(({ minutes, late, lane, parts, again }, n) => {
    now_ms += minutes * MINUTE;
    const slot_ms = now_ms - late * MINUTE;
    const shard = n < cut ? before(lane) : after(lane);
    for (let copy = 0; copy <= again; copy++) {
      const sent: SentPart[] = parts.map((part) => ({ ...part, fetched_at_ms: slot_ms + 5_000 }));
      shards[shard]?.sent.push({ shard_id: shardId(shard), sequence, lane, slot_ms, parts: sent });
      sequence += 1;
    }
  });
  return shards;
}

let ran = 0;
const began_ms = performance.now();
function progress(): void {
  ran += 1;
  if (!isSoak || ran % 1000 !== 0) return;
  const s = (performance.now() - began_ms) / 1000;
  process.stderr.write(`silver: ${ran} of ${RUNS} schedules, ${s.toFixed(0)} s, ${Math.round(ran / s)} a second\n`);
}

const schedules = fc.asyncProperty(
  fc.array(arbRecord, { minLength: 1, maxLength: 14, size: 'max' }),
  arbShards,
  fc.record({
    checkpoint_every: fc.constantFrom(1, 2, 3, 5, 16),
    envs: fc.integer({ min: 1, max: 3 }),
    max_batch: fc.integer({ min: 1, max: 6 }),
    page_size: fc.constantFrom(1, 2, 1000),
    trouble: fc.constantFrom(0, 12, 40, 40, 100),
    encoding: fc
      .integer({ min: 0, max: PARQUET_SHARE - 1 })
      .map((n) => (n === PARQUET_SHARE - 1 ? 'parquet' : 'plain')),
  }),
  fc.uint8Array({ maxLength: 400, size: 'max' }),
  async (drawn, form, options, bytes) => {
    encoding.current = options.encoding as 'plain' | 'parquet';
    const world = new World({ shards: shardsOf(drawn, form), ...options });
    await drive(world, new Choices(bytes), options.trouble);
    const violations = await violationsOf(world, !form.is_early);
    progress();
    if (violations.length > 0) throw new Error(`${violations.join('\n')}\n\nwhat happened:\n${world.trace.join('\n')}`);
  },
);

test(
  `the chains are the fold of what was sent, whatever goes wrong: ${RUNS} schedules`,
  async () => {
    if (isSoak) process.stderr.write(`silver: ${RUNS} schedules with SOAK_SEED=${SEED}\n`);
    const path = process.env.SOAK_PATH === undefined ? {} : { path: process.env.SOAK_PATH };
    const details = await fc.check(schedules, {
      numRuns: RUNS,
      seed: SEED,
      ...path,
      interruptAfterTimeLimit: LIMIT_MS,
      markInterruptAsFailure: true,
    });
    if (!details.failed) return;
    const { seed, counterexamplePath, errorInstance } = details;
    const repeat = `SOAK_RUNS=1 SOAK_SEED=${seed} SOAK_PATH=${counterexamplePath} npx vitest run test/silver/chain.property.test.ts`;
    const how =
      counterexamplePath === null ? `stopped after ${LIMIT_MS / 1000} s (SOAK_LIMIT_MS)` : `repeat with ${repeat}`;
    const why = errorInstance instanceof Error ? errorInstance.message : '';
    expect.fail(`${fc.defaultReportMessage(details)}\n\n${why}\n\n${how}`);
  },
  LIMIT_MS + 60_000,
);
