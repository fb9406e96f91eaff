import { describe, expect, test, vi } from 'vitest';
import { explore } from './explore.ts';
import { LONG_STREAMS, OTHER_STREAMS, SMALL_STREAMS, worldsOf } from './small-streams.ts';

vi.mock('../../lib/parquet.ts', async (original) => (await import('./plain-rows.ts')).withPlainRows(original));

/**
 * Every schedule of the real function over small streams: two environments, every call of S3 and DynamoDB a choice, every edge of a batch.
 * With one fault it is each kind at each call, a kill before and after each effect, and a twin at every point, all interleaved.
 * `npm run soak` has all streams with one fault; here it is those in which most differs.
 */
const isSoak = process.env.SOAK_RUNS !== undefined;
const ALL = { ...SMALL_STREAMS, ...LONG_STREAMS, ...OTHER_STREAMS };
const FEW = ['late, over midnight', 'reshard, twice sent'];
const names = (isFew: boolean): string[] => (isFew ? FEW : Object.keys(ALL));

async function expectAll(name: string, faults: number, options: { checkpoint_every: number; is_early?: boolean }) {
  const stream = ALL[name];
  if (stream === undefined) throw new Error(`no stream ${name}`);
  const bounds = { faults, max_runs: 400_000, isInOrder: options.is_early !== true };
  const began_ms = performance.now();
  const { violation, isComplete, runs, states, ends } = await explore(worldsOf(stream, options), bounds);
  if (isSoak) {
    const s = ((performance.now() - began_ms) / 1000).toFixed(1);
    const what = `${name}, faults ${faults}, ${JSON.stringify(options)}`;
    process.stderr.write(`silver, all schedules of ${what}: ${runs} runs, ${states} states, ${ends} ends, ${s} s\n`);
  }
  if (violation !== null) expect.fail(violation);
  expect(isComplete).toBe(true);
}

describe.each([1, 2])('all schedules, a checkpoint at every %d versions', (checkpoint_every) => {
  test.each(names(false))('no fault: %s', (name) => expectAll(name, 0, { checkpoint_every }), 120_000);
});
test.each(names(!isSoak))(
  'all schedules with one fault: %s',
  (name) => expectAll(name, 1, { checkpoint_every: 1 }),
  1_800_000,
);
test.each(['reshard', 'reshard, twice sent'])(
  'all schedules of a child shard that is read early: %s',
  (name) => expectAll(name, isSoak ? 1 : 0, { checkpoint_every: 1, is_early: true }),
  1_800_000,
);
