import { appendFileSync, existsSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { hashKeyOf, rangeIndexOf, toHashRanges } from '../../../local/aws/kinesis/hash.ts';
import { countOf, toSequenceNumber } from '../../../local/aws/kinesis/sequence.ts';
import { KinesisStore, type PutResult } from '../../../local/aws/kinesis/store.ts';
import { VirtualClock } from '../../../local/clock.ts';
import { runAndKill, stateFolder } from './state.ts';

const NOON_MS = Date.UTC(2026, 4, 14, 12);
const HOUR_MS = 3_600_000;
const ALL = { records: 10_000, bytes: 100_000_000 };
const SHARD = 'shardId-000000000000';
const project = fileURLToPath(new URL('../../../', import.meta.url));

const text = (s: string) => ({ partition_key: 'lane-1', data: Buffer.from(s) });
const numberOf = (result: PutResult | undefined) =>
  result && 'sequence_number' in result ? result.sequence_number : '';

async function open(dir: string, clock = new VirtualClock(NOON_MS, 0), shards = 1) {
  const store = await KinesisStore.open(dir, clock);
  await store.createStream({ name: 'events', shards, retention_hours: 24 });
  return store;
}

const texts = async (store: KinesisStore, from: Parameters<KinesisStore['read']>[2] = 'TRIM_HORIZON') =>
  (await store.read('events', SHARD, from, ALL)).map((r) => r.data.toString());

test('records are read in the order they were put, with ascending numbers of 56 digits', async () => {
  const store = await open(stateFolder());
  const first = await store.put('events', [text('a'), text('b')]);
  const second = await store.put('events', [text('c')]);
  const numbers = [...first, ...second].map(numberOf);
  expect(numbers).toEqual([...numbers].sort());
  expect(new Set(numbers).size).toBe(3);
  expect(numbers.every((n) => /^\d{56}$/.test(n))).toBe(true);
  expect(await store.read('events', SHARD, 'TRIM_HORIZON', ALL)).toEqual([
    {
      shard_id: SHARD,
      sequence_number: numbers[0],
      partition_key: 'lane-1',
      data: Buffer.from('a'),
      arrived_at_ms: NOON_MS,
    },
    {
      shard_id: SHARD,
      sequence_number: numbers[1],
      partition_key: 'lane-1',
      data: Buffer.from('b'),
      arrived_at_ms: NOON_MS,
    },
    {
      shard_id: SHARD,
      sequence_number: numbers[2],
      partition_key: 'lane-1',
      data: Buffer.from('c'),
      arrived_at_ms: NOON_MS,
    },
  ]);
});

test('a position is at a number, after it, at the oldest, or after the newest', async () => {
  const store = await open(stateFolder());
  const [a] = await store.put('events', [text('a'), text('b'), text('c')]);
  expect(await texts(store, { at: numberOf(a) })).toEqual(['a', 'b', 'c']);
  expect(await texts(store, { after: numberOf(a) })).toEqual(['b', 'c']);
  expect(await texts(store, { after: store.last('events', SHARD) ?? '' })).toEqual([]);
  expect(await texts(store, 'LATEST')).toEqual([]);
});

test('a read keeps to its limits, but gives one record when there is one', async () => {
  const store = await open(stateFolder());
  await store.put('events', [text('aaaa'), text('bbbb'), text('cc')]);
  const sizes = async (records: number, bytes: number) =>
    (await store.read('events', SHARD, 'TRIM_HORIZON', { records, bytes })).map((r) => r.data.length);
  expect(await sizes(2, 100)).toEqual([4, 4]);
  expect(await sizes(9, 9)).toEqual([4, 4]);
  expect(await sizes(9, 10)).toEqual([4, 4, 2]);
  expect(await sizes(9, 1)).toEqual([4]);
});

test('what is pending beyond a position is counted in records and bytes', async () => {
  const store = await open(stateFolder());
  expect(store.pending('events', SHARD, undefined)).toEqual({ records: 0, bytes: 0 });
  const [a, , c] = await store.put('events', [text('aaaa'), text('bbbb'), text('cc')]);
  expect(store.pending('events', SHARD, undefined)).toEqual({ records: 3, bytes: 10 });
  expect(store.pending('events', SHARD, numberOf(a))).toEqual({ records: 2, bytes: 6 });
  expect(store.pending('events', SHARD, numberOf(c))).toEqual({ records: 0, bytes: 0 });
});

test('a number of another stream is refused by name', async () => {
  const store = await open(stateFolder());
  await store.put('events', [text('a')]);
  const foreign = '9'.repeat(56);
  await expect(store.read('events', SHARD, { after: foreign }, ALL)).rejects.toThrow(`sequence number ${foreign}`);
});

test('listeners hear of records until they leave', async () => {
  const store = await open(stateFolder());
  const listener = vi.fn();
  const leave = store.subscribe('events', listener);
  await store.put('events', [text('a'), text('b')]);
  leave();
  await store.put('events', [text('c')]);
  expect(listener).toHaveBeenCalledTimes(1);
});

test('a restart finds stream, records and numbers', async () => {
  const dir = stateFolder();
  const before = await open(dir);
  await before.put('events', [text('a'), text('b')]);
  const last = before.last('events', SHARD);
  await before.close();

  const after = await KinesisStore.open(dir, new VirtualClock(NOON_MS, 0));
  expect(after.streamNames()).toEqual(['events']);
  expect(after.last('events', SHARD)).toBe(last);
  const [c] = await after.put('events', [text('c')]);
  expect(numberOf(c) > (last ?? '')).toBe(true);
  expect(await texts(after)).toEqual(['a', 'b', 'c']);
});

test('making a stream again keeps it; with another number of shards it is resharded', async () => {
  const store = await open(stateFolder());
  await store.put('events', [text('a')]);
  await store.createStream({ name: 'events', shards: 1, retention_hours: 48 });
  expect(await texts(store)).toEqual(['a']);
  expect(store.facts('events').retention_hours).toBe(48);
  await store.createStream({ name: 'events', shards: 3, retention_hours: 24 });
  expect(store.shards('events').filter(({ closed }) => !closed)).toHaveLength(3);
  expect(await texts(store)).toEqual(['a']);
});

test('a record torn by a kill is cut off at open, wherever it tore, and writing goes on', async () => {
  const dir = stateFolder();
  const first = await open(dir);
  await first.put('events', [text('a')]);
  await first.close();
  const folder = join(dir, 'kinesis', 'events', SHARD);
  const path = join(folder, readdirSync(folder)[0] ?? '');
  const whole = statSync(path).size;
  const torn = [
    Buffer.from([0]),
    Buffer.from([0, 0, 0, 99, 1, 2, 3, 4]),
    Buffer.concat([Buffer.from([0, 0, 0, 99, 1, 2, 3, 4]), Buffer.alloc(50)]),
    Buffer.concat([Buffer.from([0, 0, 0, 20, 1, 2, 3, 4]), Buffer.alloc(20)]), // its length is right, its checksum is not
  ];
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  for (const tail of torn) {
    appendFileSync(path, tail);
    const store = await KinesisStore.open(dir, new VirtualClock(NOON_MS, 0));
    expect(await texts(store)).toEqual(['a']);
    expect(stderr).toHaveBeenLastCalledWith(
      `embedded kinesis: cut ${tail.length} bytes of an unfinished record off ${path}\n`,
    );
    await store.close();
    expect(statSync(path).size).toBe(whole);
  }
  stderr.mockRestore();
  const store = await KinesisStore.open(dir, new VirtualClock(NOON_MS, 0));
  await store.put('events', [text('b')]);
  expect(await texts(store)).toEqual(['a', 'b']);
});

test('what a put acknowledged outlives a killed process', async () => {
  const dir = stateFolder();
  await runAndKill(
    `import { KinesisStore } from './local/aws/kinesis/store.ts';
     import { VirtualClock } from './local/clock.ts';
     const store = await KinesisStore.open(${JSON.stringify(dir)}, new VirtualClock(${NOON_MS}, 0));
     await store.createStream({ name: 'events', shards: 1, retention_hours: 24 });
     for (let i = 0; i < 1000; i++) await store.put('events', [{ partition_key: 'k', data: Buffer.from(String(i)) }]);
     console.log('ready'); setInterval(() => {}, 1000);`,
    project,
  );
  const store = await KinesisStore.open(dir, new VirtualClock(NOON_MS, 0));
  const found = await texts(store);
  expect([found.length, found[0], found[999]]).toEqual([1000, '0', '999']);
});

test('records leave when the retention has passed by the clock, and their files with them', async () => {
  const dir = stateFolder();
  const clock = new VirtualClock(NOON_MS, 0);
  const store = await open(dir, clock);
  const large = { partition_key: 'lane-1', data: Buffer.alloc(9 * 1024 * 1024) };
  const [a] = await store.put('events', [large]);
  await store.put('events', [large]);
  clock.advanceTo(NOON_MS + HOUR_MS);
  await store.put('events', [text('c')]);
  const folder = join(dir, 'kinesis', 'events', SHARD);
  expect(readdirSync(folder)).toHaveLength(2);

  clock.advanceTo(NOON_MS + 24 * HOUR_MS + 1);
  expect(await texts(store)).toEqual(['c']);
  expect(await texts(store, { after: numberOf(a) })).toEqual(['c']);
  expect(store.pending('events', SHARD, undefined)).toEqual({ records: 1, bytes: 1 });
  expect(readdirSync(folder)).toHaveLength(1);

  clock.advanceTo(NOON_MS + 48 * HOUR_MS);
  const last = store.last('events', SHARD);
  expect(await texts(store)).toEqual([]);
  const [d] = await store.put('events', [text('d')]);
  expect(numberOf(d) > (last ?? '')).toBe(true);
});

test('a read goes on over the edge of a file', async () => {
  const store = await open(stateFolder());
  const data = Buffer.alloc(6 * 1024 * 1024);
  for (let i = 0; i < 7; i++) await store.put('events', [{ partition_key: String(i), data }]);
  const found = await store.read('events', SHARD, 'TRIM_HORIZON', { records: 5, bytes: 1e9 });
  expect(found.map((r) => r.partition_key)).toEqual(['0', '1', '2', '3', '4']);
});

test('records of many megabytes leave no trace in memory', async () => {
  const store = await open(stateFolder());
  const data = Buffer.alloc(1024 * 1024, 7);
  globalThis.gc?.();
  const before = process.memoryUsage();
  for (let i = 0; i < 300; i++) await store.put('events', [{ partition_key: 'k', data }]);
  const after = process.memoryUsage();
  expect(after.external + after.heapUsed - before.external - before.heapUsed).toBeLessThan(150 * 1024 * 1024);
}, 60_000);

test('a partition key belongs to the shard whose range holds its MD5', async () => {
  // md5('a') = 0cc1…, md5('b') = 92eb…: the first and the second half of the hash keys
  expect(hashKeyOf('a')).toBe(0x0cc175b9c0f1b6a831c399e269772661n);
  const store = await open(stateFolder(), undefined, 2);
  const put = await store.put('events', [
    { partition_key: 'a', data: Buffer.from('1') },
    { partition_key: 'b', data: Buffer.from('2') },
    { partition_key: 'a', explicit_hash_key: '340282366920938463463374607431768211455', data: Buffer.from('3') },
  ]);
  expect(put.map((r) => ('shard_id' in r ? r.shard_id : ''))).toEqual([
    'shardId-000000000000',
    'shardId-000000000001',
    'shardId-000000000001',
  ]);
});

test('the ranges of the shards cover every hash key once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (shards, key) => {
      const ranges = toHashRanges(shards);
      expect(ranges.filter((r) => r.start <= key && key <= r.end)).toHaveLength(1);
      expect(ranges[rangeIndexOf(ranges, key)]?.start).toBeLessThanOrEqual(key);
    }),
  );
});

test('sequence numbers order as text as they do in time, and lead back to their place', () => {
  const numbering = { created_ms: NOON_MS, shard_index: 3 };
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (a, b) => {
      const [first, second] = [toSequenceNumber(numbering, a), toSequenceNumber(numbering, b)];
      expect(first < second).toBe(a < b);
      expect(countOf(numbering, first)).toBe(a);
    }),
  );
  expect(countOf({ ...numbering, shard_index: 4 }, toSequenceNumber(numbering, 7))).toBeUndefined();
});

/** A file that is always full; Linux only. */
const FULL = '/dev/full';

test.skipIf(!existsSync(FULL))(
  'a full disk fails the entries of the shard that it concerns, says so, and nothing else',
  async () => {
    const dir = stateFolder();
    await (await open(dir, undefined, 2)).close();
    const path = join(dir, 'kinesis', 'events', SHARD, '00000000000000000000.log');
    rmSync(path);
    symlinkSync(FULL, path);
    const store = await open(dir, undefined, 2);
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const put = await store.put('events', [
      { partition_key: 'a', data: Buffer.from('1') },
      { partition_key: 'b', data: Buffer.from('2') },
    ]);
    const said = stderr.mock.calls.join('');
    stderr.mockRestore();
    expect(put).toMatchObject([{ error_code: 'InternalFailure' }, { shard_id: 'shardId-000000000001' }]);
    expect(said).toContain('the disk is full: free space, or choose another folder by --dir');
    expect(store.last('events', SHARD)).toBeUndefined();
  },
);
