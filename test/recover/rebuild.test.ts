import { describe, expect, test } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/silver/checkpoint.ts';
import { foldNewestFolder } from '../../lib/silver/log.ts';
import { processBatch } from '../../lib/silver/process-batch.ts';
import type { LaneState } from '../../lib/silver/state.ts';
import type { CheckpointItem, CheckpointTable } from '../../recover/checkpoint-item.ts';
import type { Pipeline } from '../../recover/pipeline.ts';
import { rebuild } from '../../recover/rebuild.ts';
import { rebuildCheckpoints } from '../../recover/rebuild-checkpoints.ts';
import { MemoryCheckpoints, MemoryLog } from '../silver/memory-log.ts';
import { laneRecord } from '../silver/records.ts';
import { dry, given, MemoryObjects, quiet } from './memory.ts';

class MemoryTable implements CheckpointTable {
  readonly items = new Map<string, Uint8Array>();
  readonly puts: string[] = [];

  async read(lane: string): Promise<CheckpointItem> {
    const bytes = this.items.get(lane) ?? null;
    return { bytes, state: bytes === null ? null : decodeCheckpoint(bytes) };
  }

  async replace(lane: string, { bytes }: CheckpointItem, state: LaneState): Promise<boolean> {
    if ((this.items.get(lane) ?? null) !== bytes) return false;
    this.items.set(lane, encodeCheckpoint(state));
    this.puts.push(`${lane} ${state.version}`);
    return true;
  }
}

const A = 'log/lane=a/event_date=2026-11-22';

/** Lanes a and b over a midnight: a's newest folder has the versions 4 to 7. */
async function world() {
  const log = new MemoryLog();
  const table = new MemoryTable();
  const ports = { log, checkpoints: new MemoryCheckpoints(), memory: new Map(), checkpoint_every: 16 };
  const silver = { ...ports, pause: async () => undefined, warn: () => undefined };
  await processBatch([laneRecord(1, 0, { 0: { s: 'A' } }), laneRecord(2, 2, { 0: { s: 'B' } })], silver);
  for (const n of [3, 4, 5]) await processBatch([laneRecord(n, n, { 0: { s: 'A', u: 'B' } })], silver);
  await processBatch([laneRecord(6, 0, { 0: { t: 'A' } }, 'b')], silver);
  return { log, table, truth: await foldNewestFolder(log, 'a') };
}

describe('rebuild --checkpoint', () => {
  test('a lost checkpoint is made from the log; the second run changes nothing', async () => {
    const { log, table, truth } = await world();
    expect(truth.version).toBe(7);
    const outcome = await rebuildCheckpoints({ log, table }, null, quiet);
    expect(outcome).toEqual({
      counts: { lanes: 2, as_the_log_says: 0, rebuilt: 2 },
      told: ['lane a: it was lost; now version 7', 'lane b: it was lost; now version 2'],
      notes: [],
      dirty: [],
      changed: true,
    });
    expect((await table.read('a')).state).toEqual(truth);
    table.puts.length = 0;
    expect(await rebuildCheckpoints({ log, table }, null, quiet)).toMatchObject({ changed: false, told: [] });
    expect(table.puts).toEqual([]);
  });

  test('the state comes from the newest folder alone', async () => {
    const { log, table, truth } = await world();
    for (const key of log.objects.keys())
      if (key.startsWith('log/lane=a/') && !key.startsWith(A)) log.objects.delete(key);
    await rebuildCheckpoints({ log, table }, 'a', quiet);
    expect((await table.read('a')).state).toEqual(truth);
  });

  test.each<[string, (state: LaneState) => Uint8Array, string]>([
    ['broken bytes', () => Buffer.from('broken'), 'it could not be read'],
    ['beyond the chain', (s) => encodeCheckpoint({ ...s, version: 99 }), 'it was version 99, beyond the log'],
    ['behind', (s) => encodeCheckpoint({ ...s, version: 3 }), 'it was version 3, behind the log'],
    [
      'another content',
      (s) => encodeCheckpoint({ ...s, positions: new Map([['shardId-000000000000', '9']]) }),
      'it was version 7 with another content',
    ],
  ])('%s', async (_, bytes, what) => {
    const { log, table, truth } = await world();
    table.items.set('a', bytes(truth));
    const told = `lane a: ${what}; `;
    expect((await rebuildCheckpoints({ log, table }, 'a', dry)).told).toEqual([`${told}it would be version 7`]);
    expect(table.puts).toEqual([]);
    expect((await rebuildCheckpoints({ log, table }, 'a', quiet)).told).toEqual([`${told}now version 7`]);
    expect((await table.read('a')).state).toEqual(truth);
  });

  test('a checkpoint that Silver wrote itself and that says the same is left alone', async () => {
    const { log, table, truth } = await world();
    const { stations, newest } = truth;
    const other = { ...truth, newest: new Map([...newest].reverse()), stations: new Map([...stations].reverse()) };
    table.items.set('a', encodeCheckpoint(other));
    expect((await rebuildCheckpoints({ log, table }, 'a', quiet)).counts).toEqual({
      lanes: 1,
      as_the_log_says: 1,
      rebuilt: 0,
    });
  });

  test.each<[string, readonly number[], string]>([
    ['in the newest folder', [5, 6], `versions 5 to 6 of ${A}/`],
    ['at its beginning', [4], `version 4 of ${A}/`],
  ])('a hole %s is named, and that lane is left alone', async (_, versions, expected) => {
    const { log, table } = await world();
    for (const version of versions) log.objects.delete(`${A}/${String(version).padStart(12, '0')}.parquet`);
    const { notes, counts } = await rebuildCheckpoints({ log, table }, null, quiet);
    expect(notes).toEqual([expect.stringContaining(`lane a: its chain has a hole: ${expected}`)]);
    expect(counts.rebuilt).toBe(1);
    expect(table.puts).toEqual(['b 2']);
  });

  test('a first object without the state before it is named where older folders have expired', async () => {
    const { log, table } = await world();
    for (const key of log.objects.keys()) {
      if (key.startsWith('log/lane=a/') && !key.startsWith(A)) log.objects.delete(key);
    }
    log.objects.delete(`${A}/000000000004.parquet`);
    expect((await rebuildCheckpoints({ log, table }, 'a', quiet)).notes).toEqual([
      expect.stringMatching(/^lane a: its chain has a hole: versions 1 to 4 of .*event_date=2026-11-22/),
    ]);
    expect(table.puts).toEqual([]);
  });

  test('a lane without a log, and a checkpoint that came meanwhile, are told', async () => {
    const { log, table, truth } = await world();
    expect((await rebuildCheckpoints({ log, table }, 'z', quiet)).notes[0]).toContain('lane z: it has no log');
    const read = table.read.bind(table);
    table.read = async (lane) => {
      const item = await read(lane);
      table.items.set(lane, encodeCheckpoint(truth));
      return item;
    };
    expect((await rebuildCheckpoints({ log, table }, 'a', quiet)).notes[0]).toContain(
      'Silver wrote a checkpoint meanwhile',
    );
  });
});

describe('rebuild of days', () => {
  const run = (objects: MemoryObjects, options: Parameters<typeof given>[0], dry_run = false) =>
    rebuild.run({ lake: objects } as unknown as Pipeline, given(options, dry_run));

  test('marks each day once, by day, range, or all that the lake has', async () => {
    const objects = new MemoryObjects();
    expect(
      (await run(objects, { date: ['2026-11-20', '2026-11-20'], from: '2026-11-22', to: '2026-11-23' })).dirty,
    ).toEqual(['2026-11-20', '2026-11-22', '2026-11-23']);
    expect(JSON.parse(String(objects.map.get('dirty/2026-11-22/rebuild-day.json')))).toEqual({
      format: 1,
      date: '2026-11-22',
      command: 'rebuild',
      removed: [],
    });
    const lake = new MemoryObjects();
    lake.map.set('bronze/events/dt=2026-11-21/hh=00/x.parquet', Buffer.alloc(0));
    lake.map.set('silver/polls/event_date=2026-11-20/part.parquet', Buffer.alloc(0));
    expect((await run(lake, { 'all-days': true }, true)).dirty).toEqual(['2026-11-20', '2026-11-21']);
    expect(lake.effects.list).toEqual([]);
  });

  test.each<[Parameters<typeof given>[0], string]>([
    [{}, 'rebuild what?'],
    [{ date: '2026-11-31' }, '--date 2026-11-31: it takes a UTC date'],
    [{ date: 'today' }, '--date today: it takes a UTC date'],
    [{ from: '2026-11-21' }, '--from and --to: a range of days has both'],
    [{ from: '2026-11-22', to: '2026-11-21' }, 'that is no range of days'],
    [{ lane: 'a' }, 'give --checkpoint with it'],
    [{ checkpoint: true, 'all-days': true }, 'give one of them'],
  ])('%o is a misuse', async (options, message) => {
    await expect(run(new MemoryObjects(), options)).rejects.toThrow(message);
  });
});
