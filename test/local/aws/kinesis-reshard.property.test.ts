/** What resharding keeps, whatever is put, split, merged, failed and reopened; and how older state folders are opened. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FaultKind, Faults } from '../../../local/aws/faults.ts';
import { KinesisStore, type StreamRecord } from '../../../local/aws/kinesis/store.ts';
import { VirtualClock } from '../../../local/clock.ts';
import v1 from './fixtures/stream-folder-1.json' with { type: 'json' };
import { runAndKill, stateFolder } from './state.ts';

const NOON_MS = Date.UTC(2026, 10, 21, 12);
const ALL = { records: 10_000, bytes: 100_000_000 };
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];
const project = fileURLToPath(new URL('../../../', import.meta.url));

beforeEach(() => void vi.spyOn(process.stderr, 'write').mockReturnValue(true));
afterEach(() => void vi.restoreAllMocks());

type Step =
  | { readonly do: 'put'; readonly keys: readonly string[]; readonly fault: FaultKind | null }
  | { readonly do: 'split'; readonly nth: number }
  | { readonly do: 'merge'; readonly nth: number }
  | { readonly do: 'scale'; readonly to: number }
  | { readonly do: 'reopen'; readonly cleanly: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      keys: fc.array(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 6 }),
      fault: fc.option(fc.constantFrom<FaultKind>('split', 'merge', 'disk_full'), { freq: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.oneof(
      fc.record({ do: fc.constant('split' as const), nth: fc.nat(7) }),
      fc.record({ do: fc.constant('merge' as const), nth: fc.nat(7) }),
    ),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('scale' as const), to: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reopen' as const), cleanly: fc.boolean() }) },
);

/** Everything that the stream holds, each shard from its beginning. */
async function readAll(store: KinesisStore): Promise<StreamRecord[]> {
  const records: StreamRecord[] = [];
  for (const id of store.shardIds('events')) records.push(...(await store.read('events', id, 'TRIM_HORIZON', ALL)));
  return records;
}

const openOf = (store: KinesisStore) =>
  store
    .facts('events')
    .shards.filter(({ ending }) => ending === null)
    .toSorted((a, b) => (a.range.start < b.range.start ? -1 : 1));

/** A record is within the range of its shard, and beyond every record of the shard's ancestors. */
function checkLineage(store: KinesisStore, records: readonly StreamRecord[]): void {
  const { shards } = store.facts('events');
  const highest = new Map<string, string>();
  for (const { shard_id, sequence_number } of records) highest.set(shard_id, sequence_number);
  for (const shard of shards) {
    for (const parent of shard.parents) {
      expect(shard.first > (highest.get(parent) ?? '')).toBe(true);
      const ending = shards.find(({ id }) => id === parent)?.ending ?? null;
      expect(ending !== null && ending < shard.first && ending > (highest.get(parent) ?? '')).toBe(true);
    }
    expect(shard.first <= (highest.get(shard.id) ?? 'x')).toBe(true);
  }
  const open = openOf(store);
  expect(open[0]?.range.start).toBe(0n);
  expect(open.at(-1)?.range.end).toBe((1n << 128n) - 1n);
  for (const [i, { range }] of open.entries()) if (i > 0) expect(range.start).toBe((open[i - 1]?.range.end ?? 0n) + 1n);
}

class Bench {
  readonly dir = stateFolder();
  readonly clock = new VirtualClock(NOON_MS, 0);
  fault: FaultKind | null = null;
  store!: KinesisStore;
  /** Texts that a put acknowledged, by key, in their order. */
  readonly acknowledged: Record<string, string[]> = Object.fromEntries(KEYS.map((key) => [key, []]));
  readonly unknown = new Set<string>();
  #count = 0;

  async open(): Promise<void> {
    const faults: Faults = {
      next: (_, kinds) => {
        const fault = kinds.find((kind) => kind === this.fault) ?? null;
        this.fault = null;
        return fault;
      },
    };
    this.store = await KinesisStore.open(this.dir, this.clock, faults);
  }

  async run(what: Step): Promise<void> {
    this.clock.advanceTo(this.clock.now() + 1000);
    const open = openOf(this.store);
    if (what.do === 'put') await this.#put(what.keys, what.fault);
    else if (what.do === 'split') {
      const { id = '', range = { start: 0n, end: 0n } } = open[what.nth % open.length] ?? {};
      this.store.splitShard('events', id, range.start + (range.end - range.start) / 3n + 2n);
    } else if (what.do === 'merge') {
      const nth = what.nth % Math.max(1, open.length - 1);
      const [left, right] = [open[nth], open[nth + 1]];
      if (left && right) this.store.mergeShards('events', left.id, right.id);
    } else if (what.do === 'scale')
      await this.store.createStream({ name: 'events', shards: what.to, retention_hours: 24 });
    else {
      // What a kill leaves is what lies on the disk: a second store reads the same bytes, whether the first has closed or not.
      const before = this.store;
      if (what.cleanly) await before.close();
      await this.open();
      if (!what.cleanly) await before.close();
    }
  }

  async #put(keys: readonly string[], fault: FaultKind | null): Promise<void> {
    const entries = keys.map((partition_key) => {
      this.#count += 1;
      return { partition_key, data: Buffer.from(`${partition_key}${this.#count}`) };
    });
    this.fault = fault;
    for (const [i, result] of (await this.store.put('events', entries)).entries()) {
      const { partition_key = '', data } = entries[i] ?? {};
      if ('sequence_number' in result) this.acknowledged[partition_key]?.push(String(data));
      else this.unknown.add(String(data)); // it may have taken effect, as after any failure of a service
    }
  }
}

test('whatever happens, every record is there once, in the order of its key from parents to children', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { minLength: 5, maxLength: 30 }),
      async (shards, steps) => {
        const bench = new Bench();
        await bench.open();
        await bench.store.createStream({ name: 'events', shards, retention_hours: 24 });
        for (const what of steps) await bench.run(what);
        await bench.run({ do: 'reopen', cleanly: false });
        const records = await readAll(bench.store);
        checkLineage(bench.store, records);
        const texts = records.map(({ data }) => String(data));
        expect(new Set(texts).size).toBe(texts.length);
        expect(new Set(records.map(({ sequence_number }) => sequence_number)).size).toBe(records.length);
        const inOrder = records.toSorted((a, b) => (a.sequence_number < b.sequence_number ? -1 : 1));
        for (const key of KEYS) {
          const own = inOrder.filter(({ partition_key }) => partition_key === key).map(({ data }) => String(data));
          expect(own.filter((text) => !bench.unknown.has(text))).toEqual(bench.acknowledged[key]);
        }
        await bench.store.close();
      },
    ),
    { numRuns: 60, interruptAfterTimeLimit: 20_000 },
  );
}, 60_000);

test('a put before which a shard splits goes into the children, and a full disk leaves nothing that is read', async () => {
  const bench = new Bench();
  await bench.open();
  await bench.store.createStream({ name: 'events', shards: 1, retention_hours: 24 });
  await bench.run({ do: 'put', keys: ['a'], fault: null });
  await bench.run({ do: 'put', keys: ['a', 'b'], fault: 'split' });
  await bench.run({ do: 'put', keys: ['a', 'b'], fault: 'disk_full' });
  expect(bench.unknown).toEqual(new Set(['a4', 'b5']));
  await bench.run({ do: 'put', keys: ['a', 'b'], fault: 'merge' });
  expect((await readAll(bench.store)).map((r) => [r.shard_id.slice(-1), String(r.data)])).toEqual([
    ['0', 'a1'],
    ['1', 'a2'],
    ['2', 'b3'],
    ['3', 'a6'],
    ['3', 'b7'],
  ]);
  await bench.store.close();
});

test('a process that is killed while it reshards leaves the shards from before or from after, with all records', async () => {
  const dir = stateFolder();
  await runAndKill(
    `import { KinesisStore } from './local/aws/kinesis/store.ts';
     import { VirtualClock } from './local/clock.ts';
     const store = await KinesisStore.open(${JSON.stringify(dir)}, new VirtualClock(${NOON_MS}, 0));
     await store.createStream({ name: 'events', shards: 1, retention_hours: 24 });
     for (let n = 0; ; n++) {
       for (const key of ${JSON.stringify(KEYS)}) await store.put('events', [{ partition_key: key, data: Buffer.from(key + n) }]);
       await store.createStream({ name: 'events', shards: 1 + (n % 3), retention_hours: 24 });
       if (n === 20) console.log('ready');
     }`,
    project,
  );
  const store = await KinesisStore.open(dir, new VirtualClock(NOON_MS, 0));
  const records = await readAll(store);
  checkLineage(store, records);
  const inOrder = records.toSorted((a, b) => (a.sequence_number < b.sequence_number ? -1 : 1));
  for (const key of KEYS) {
    const own = inOrder.filter(({ partition_key }) => partition_key === key).map(({ data }) => String(data));
    expect(own.length).toBeGreaterThanOrEqual(20);
    expect(own).toEqual(own.map((_, n) => `${key}${n}`));
  }
  await store.put('events', [{ partition_key: 'a', data: Buffer.from('after') }]);
  await store.close();
});

describe('a state folder of format 1, as it was kept before streams could be resharded', () => {
  function folder(): string {
    const dir = stateFolder();
    for (const [path, base64] of Object.entries(v1)) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), Buffer.from(base64, 'base64'));
    }
    return dir;
  }
  const numbers = [0, 1, 2].map((count) => `4901795262400000${String(count).padStart(30, '0')}`);
  const MINUTE_LATER_MS = NOON_MS + 60_000;

  test('opens with its records and numbers, goes on with them, and can be resharded', async () => {
    const dir = folder();
    const store = await KinesisStore.open(dir, new VirtualClock(MINUTE_LATER_MS, 0));
    expect(
      (await readAll(store)).map((r) => [r.shard_id.slice(-1), String(r.data), r.sequence_number, r.arrived_at_ms]),
    ).toEqual([
      ['0', 'a1', `${numbers[0]}0000000000`, NOON_MS],
      ['0', 'a2', `${numbers[1]}0000000000`, NOON_MS],
      ['0', 'a3', `${numbers[2]}0000000000`, MINUTE_LATER_MS],
      ['1', 'b1', `${numbers[0]}0000000001`, NOON_MS],
      ['1', 'b2', `${numbers[1]}0000000001`, MINUTE_LATER_MS],
    ]);
    expect(store.facts('events')).toMatchObject({ created_ms: NOON_MS, retention_hours: 48, max_record_kib: 1024 });
    await store.createStream({ name: 'events', shards: 1, retention_hours: 48 });
    await store.put('events', [{ partition_key: 'b', data: Buffer.from('b3') }]);
    await store.close();
    const again = await KinesisStore.open(dir, new VirtualClock(MINUTE_LATER_MS, 0));
    const records = await readAll(again);
    checkLineage(again, records);
    expect(records.map(({ data }) => String(data))).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3']);
    await again.close();
  });

  test('one of a later version is refused by name, and kept', async () => {
    const dir = folder();
    const path = join(dir, 'kinesis', 'events', 'stream.json');
    writeFileSync(path, '{"format":3,"name":"events"}');
    await expect(KinesisStore.open(dir, new VirtualClock(NOON_MS, 0))).rejects.toThrow('(format 3,');
    expect(readFileSync(path, 'utf8')).toBe('{"format":3,"name":"events"}');
  });

  test('a closed shard that has lost records is refused, not read as complete', async () => {
    const dir = folder();
    const store = await KinesisStore.open(dir, new VirtualClock(MINUTE_LATER_MS, 0));
    await store.createStream({ name: 'events', shards: 1, retention_hours: 48 });
    await store.close();
    const log = join(dir, 'kinesis', 'events', 'shardId-000000000000', '00000000000000000000.log');
    writeFileSync(log, readFileSync(log).subarray(0, -1));
    await expect(KinesisStore.open(dir, new VirtualClock(MINUTE_LATER_MS, 0))).rejects.toThrow(
      'was closed with 3 records, and has 2',
    );
  });
});
