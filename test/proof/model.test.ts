import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { sharedData } from '../shared.ts';
import { explore } from '../silver/explore.ts';
import { rowsOf } from '../silver/oracle.ts';
import { dayOf, LONG_STREAMS, OTHER_STREAMS, SMALL_STREAMS, slotOf, worldsOf } from '../silver/small-streams.ts';
import { shardId } from '../silver/streams.ts';
import type { World } from '../silver/world.ts';

vi.mock('../../lib/parquet.ts', async (original) => (await import('../silver/plain-rows.ts')).withPlainRows(original));

/**
 * The program against the design's model: on each of the model's streams, the final chains that the one can reach are those that the
 * other can reach. Without a fault on all streams; with one (each kind at each call) on a few, and on all in `npm run soak`.
 */
const design = sharedData('../design');
const isHere = existsSync(`${design}/silver_model.py`) && spawnSync('python3', ['--version']).status === 0;
if (!isHere) console.warn('../shared/design or python3 is absent: the comparison with the model is left out');

const isSoak = process.env.SOAK_RUNS !== undefined;
const ALL = { ...SMALL_STREAMS, ...LONG_STREAMS, ...OTHER_STREAMS };
const WITH_FAULT = isSoak ? Object.keys(ALL) : ['reshard, twice sent'];

const cases = [
  ...Object.keys(ALL).map((name) => ({ name, faults: 0 })),
  ...WITH_FAULT.map((name) => ({ name, faults: 1 })),
];

test.skipIf(!isHere).each(cases)(
  'the chains of "$name" with $faults faults',
  async ({ name, faults }) => {
    const stream = ALL[name];
    if (stream === undefined) throw new Error(`no stream ${name}`);
    const bounds = { faults, max_runs: 400_000, isInOrder: true };
    const found = await explore(worldsOf(stream, { checkpoint_every: 1 }), bounds, (world) =>
      chainsOf(world, stream.days),
    );
    expect(found.violation).toBeNull();
    expect(found.isComplete).toBe(true);
    const wanted = modelChains(name, faults);
    if (isSoak) process.stderr.write(`against the model, ${name}, faults ${faults}: ${wanted.length} final chains\n`);
    expect([...found.outcomes].sort()).toEqual([...wanted].sort());
  },
  1_800_000,
);

function modelChains(name: string, faults: number): string[] {
  const script = fileURLToPath(new URL('model.py', import.meta.url));
  const { status, stdout, stderr } = spawnSync('python3', [script, design, String(faults), name], {
    encoding: 'utf8',
    maxBuffer: 1e9,
    timeout: 600_000,
  });
  if (status !== 0) throw new Error(`the model failed: ${stderr}`);
  const chains = (JSON.parse(stdout) as Record<string, string[]>)[name] ?? [];
  return chains.map((text) => JSON.stringify(JSON.parse(text)));
}

/** A world's chains as the model writes them: days, slots, parts, stations and contents as small numbers. */
async function chainsOf(world: World, days: number): Promise<string> {
  const chains = world.lanes.map((lane) =>
    Promise.all(
      (world.cloud.chains.get(lane) ?? []).map(async ({ date, bytes }) =>
        objectOf(dayOf(date, days), await rowsOf(bytes), world, days),
      ),
    ),
  );
  return JSON.stringify(await Promise.all(chains));
}

function objectOf(day: number, rows: readonly Record<string, unknown>[], world: World, days: number): unknown[] {
  const turn = rows.find((row) => row.row_kind === 'turn');
  if (turn) return ['turn', day, dayOf(String(turn.next_date), days)];
  const batch = rows.find((row) => row.row_kind === 'batch') ?? {};
  const shard = world.shards.findIndex((_, n) => shardId(n) === batch.shard_id);
  const place = (sequence: unknown) => world.shards[shard]?.sent.findIndex((s) => String(s.sequence) === sequence);
  const newest = JSON.parse(String(batch.newest_slots)) as Record<string, number>;
  const parts = new Set(world.shards.flatMap((s) => s.sent.flatMap((sent) => sent.parts.map((part) => part.part))));
  return [
    day,
    shard,
    place(batch.first_sequence),
    place(batch.last_sequence),
    Array.from({ length: 1 + Math.max(...parts) }, (_, part) => {
      const slot_ms = newest[`sys/status/${part}`];
      return slot_ms === undefined ? -1 : slotOf(slot_ms, days);
    }),
    [batch.fresh, batch.unchanged, batch.duplicate, batch.late],
    rows
      .filter((row) => row.row_kind === 'change')
      .map((row) => [
        Number(row.station_id),
        slotOf(Number(row.slot), days),
        row.content_hash === 'A'.repeat(16) ? 0 : 1,
      ]),
  ];
}
