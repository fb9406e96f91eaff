/** Resharding of the embedded Kinesis, through the SDK's client with its default settings. */
import {
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  InvalidArgumentException,
  KinesisClient,
  LimitExceededException,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordsCommand,
  ResourceNotFoundException,
  type Shard,
  type ShardIteratorType,
  SplitShardCommand,
  UpdateShardCountCommand,
  type UpdateShardCountCommandInput,
  ValidationException,
} from '@aws-sdk/client-kinesis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Endpoint } from '../../../local/aws/http.ts';
import { startKinesis } from '../../../local/aws/kinesis/server.ts';
import { KinesisStore } from '../../../local/aws/kinesis/store.ts';
import { VirtualClock } from '../../../local/clock.ts';
import { credentials, region, stateFolder } from './state.ts';

const NOON_MS = Date.UTC(2026, 4, 14, 12);
const HOUR_MS = 3_600_000;
const StreamName = 'bikelake-dev-events';
const [S0, S1, S2, S3] = [0, 1, 2, 3].map((n) => `shardId-00000000000${n}`) as [string, string, string, string];
const HALF = '170141183460469231731687303715884105728';
const END = '340282366920938463463374607431768211455';

let clock: VirtualClock;
let store: KinesisStore;
let endpoint: Endpoint;
let client: KinesisClient;

beforeEach(async () => {
  clock = new VirtualClock(NOON_MS, 0);
  store = await KinesisStore.open(stateFolder(), clock);
  await store.createStream({ name: StreamName, shards: 1, retention_hours: 24 });
  endpoint = await startKinesis(store, clock);
  client = new KinesisClient({ endpoint: endpoint.url, region, credentials });
});

afterEach(async () => {
  client.destroy();
  await endpoint.close();
  await store.close();
});

/** `a` lies in the lower half of the hash keys, `b` in the upper one. */
async function put(PartitionKey: 'a' | 'b', ...texts: string[]) {
  const Records = texts.map((text) => ({ PartitionKey, Data: Buffer.from(text) }));
  return (await client.send(new PutRecordsCommand({ StreamName, Records }))).Records ?? [];
}
const split = (ShardToSplit: string, NewStartingHashKey = HALF) =>
  client.send(new SplitShardCommand({ StreamName, ShardToSplit, NewStartingHashKey }));
const merge = (ShardToMerge: string, AdjacentShardToMerge: string) =>
  client.send(new MergeShardsCommand({ StreamName, ShardToMerge, AdjacentShardToMerge }));
const scale = (TargetShardCount: number, more: Partial<UpdateShardCountCommandInput> = {}) =>
  client.send(new UpdateShardCountCommand({ StreamName, TargetShardCount, ScalingType: 'UNIFORM_SCALING', ...more }));
const shards = async (): Promise<Shard[]> => (await client.send(new ListShardsCommand({ StreamName }))).Shards ?? [];
const openCount = async () =>
  (await client.send(new DescribeStreamSummaryCommand({ StreamName }))).StreamDescriptionSummary?.OpenShardCount;

async function read(
  ShardId: string,
  ShardIteratorType: ShardIteratorType = 'TRIM_HORIZON',
  Limit?: number,
): Promise<GetRecordsCommandOutput & { texts: string[] }> {
  const { ShardIterator } = await client.send(new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType }));
  const output = await client.send(new GetRecordsCommand({ ShardIterator, Limit }));
  return { ...output, texts: (output.Records ?? []).map(({ Data }) => Buffer.from(Data ?? []).toString()) };
}

test('a split closes the parent and opens two children, whose numbers go on after it', async () => {
  const [first] = await put('a', 'a1', 'a2');
  await split(S0);
  const [a] = await put('a', 'a3');
  const [b] = await put('b', 'b1');
  expect([a?.ShardId, b?.ShardId]).toEqual([S1, S2]);
  const [parent, low, high] = await shards();
  expect(parent).toMatchObject({ ShardId: S0, HashKeyRange: { StartingHashKey: '0', EndingHashKey: END } });
  expect(low).toMatchObject({
    ShardId: S1,
    ParentShardId: S0,
    HashKeyRange: { StartingHashKey: '0', EndingHashKey: '170141183460469231731687303715884105727' },
  });
  expect(high).toMatchObject({
    ShardId: S2,
    ParentShardId: S0,
    HashKeyRange: { StartingHashKey: HALF, EndingHashKey: END },
  });
  expect([low?.AdjacentParentShardId, high?.AdjacentParentShardId]).toEqual([undefined, undefined]);
  const numbers = [
    parent?.SequenceNumberRange?.StartingSequenceNumber,
    store.last(StreamName, S0),
    parent?.SequenceNumberRange?.EndingSequenceNumber,
    low?.SequenceNumberRange?.StartingSequenceNumber,
  ];
  expect(numbers).toEqual(numbers.toSorted((a, b) => ((a ?? '') < (b ?? '') ? -1 : 1)));
  expect(new Set(numbers).size).toBe(4);
  expect(numbers[0]).toBe(first?.SequenceNumber);
  expect(numbers[3]).toBe(a?.SequenceNumber);
  expect([low, high].map((child) => child?.SequenceNumberRange?.EndingSequenceNumber)).toEqual([undefined, undefined]);
  expect(await openCount()).toBe(2);
});

test('a merge closes both parents and opens one child, beyond the numbers of both', async () => {
  await split(S0);
  await put('a', 'a1');
  const [, , last] = await put('b', 'b1', 'b2', 'b3');
  await merge(S1, S2);
  const [next] = await put('a', 'a2');
  expect(next?.ShardId).toBe(S3);
  expect((next?.SequenceNumber ?? '') > (last?.SequenceNumber ?? '9')).toBe(true);
  const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName }));
  const child = StreamDescription?.Shards?.find(({ ShardId }) => ShardId === S3);
  expect(child).toMatchObject({
    ParentShardId: S1,
    AdjacentParentShardId: S2,
    HashKeyRange: { StartingHashKey: '0', EndingHashKey: END },
  });
  expect(StreamDescription?.Shards?.map((s) => s.SequenceNumberRange?.EndingSequenceNumber !== undefined)).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect(await openCount()).toBe(1);
});

test('a closed shard is read to its end, which is told by its children in place of an iterator', async () => {
  await put('a', 'a1', 'a2');
  await split(S0);
  await put('a', 'a3');
  const half = await read(S0, 'TRIM_HORIZON', 1);
  expect([half.texts, half.ChildShards]).toEqual([['a1'], undefined]);
  const rest = await client.send(new GetRecordsCommand({ ShardIterator: half.NextShardIterator }));
  expect(rest.Records?.map(({ Data }) => Buffer.from(Data ?? []).toString())).toEqual(['a2']);
  expect(rest.NextShardIterator).toBeUndefined();
  expect(rest.ChildShards).toEqual([
    {
      ShardId: S1,
      ParentShards: [S0],
      HashKeyRange: { StartingHashKey: '0', EndingHashKey: '170141183460469231731687303715884105727' },
    },
    { ShardId: S2, ParentShards: [S0], HashKeyRange: { StartingHashKey: HALF, EndingHashKey: END } },
  ]);
  const latest = await read(S0, 'LATEST');
  expect([latest.texts, latest.NextShardIterator, latest.ChildShards?.length]).toEqual([[], undefined, 2]);
  const child = await read(S1);
  expect([child.texts, child.NextShardIterator === undefined, child.ChildShards]).toEqual([['a3'], false, undefined]);
});

test('UpdateShardCount makes shards of equal size by splits and merges', async () => {
  expect(await scale(2)).toMatchObject({ StreamName, CurrentShardCount: 1, TargetShardCount: 2 });
  await scale(3);
  const open = (await shards()).filter((s) => s.SequenceNumberRange?.EndingSequenceNumber === undefined);
  const ranges = open.map(({ HashKeyRange }) => [HashKeyRange?.StartingHashKey, HashKeyRange?.EndingHashKey]);
  expect(ranges.toSorted((a, b) => Number(BigInt(a[0] ?? 0) - BigInt(b[0] ?? 0)))).toEqual([
    ['0', '113427455640312821154458202477256070484'],
    ['113427455640312821154458202477256070485', '226854911280625642308916404954512140969'],
    ['226854911280625642308916404954512140970', END],
  ]);
  await scale(2);
  expect(await openCount()).toBe(2);
});

test.each([
  ['split a shard that is closed', () => split(S0).then(() => split(S0)), InvalidArgumentException],
  ['split a shard that is not there', () => split(S3), ResourceNotFoundException],
  ['split at the start of the range', () => split(S0, '1'), InvalidArgumentException],
  ['split at the end of the range', () => split(S0, END), InvalidArgumentException],
  ['split at what is no hash key', () => split(S0, '-1'), ValidationException],
  ['merge a shard with itself', () => split(S0).then(() => merge(S1, S1)), InvalidArgumentException],
  ['merge the upper with the lower', () => split(S0).then(() => merge(S2, S1)), InvalidArgumentException],
  ['merge a closed shard', () => split(S0).then(() => merge(S0, S2)), InvalidArgumentException],
  ['merge with a shard that is not there', () => merge(S0, S1), ResourceNotFoundException],
  ['scale to more than double', () => scale(3), LimitExceededException],
  [
    'scale below half',
    () =>
      scale(2)
        .then(() => scale(4))
        .then(() => scale(1)),
    LimitExceededException,
  ],
  ['scale to none', () => scale(0), ValidationException],
  ['scale another way', () => scale(2, { ScalingType: 'OTHER' as 'UNIFORM_SCALING' }), ValidationException],
])('it is refused to %s, and nothing changes', async (_, act, exception) => {
  await expect(act()).rejects.toThrow(exception);
  const before = (await shards()).length;
  await put('a', 'a1');
  expect(await shards()).toHaveLength(before);
});

test('UpdateShardCount is refused the eleventh time within a day, and taken after it', async () => {
  for (let i = 0; i < 10; i++) await scale(i % 2 === 0 ? 2 : 1);
  await expect(scale(2)).rejects.toThrow(LimitExceededException);
  clock.advanceTo(NOON_MS + 24 * HOUR_MS + 1);
  expect((await scale(2)).TargetShardCount).toBe(2);
});

test('a stream has at most 500 open shards', async () => {
  await store.createStream({ name: StreamName, shards: 500, retention_hours: 24 });
  const open = store.facts(StreamName).shards.find(({ ending }) => ending === null);
  const middle = ((open?.range.start ?? 0n) + (open?.range.end ?? 0n)) / 2n;
  await expect(split(open?.id ?? '', middle.toString())).rejects.toThrow(LimitExceededException);
  await expect(scale(501)).rejects.toThrow(LimitExceededException);
});

test('a closed shard leaves the stream when its records are beyond the retention; its children stay as they are', async () => {
  await put('a', 'a1');
  await split(S0);
  await put('a', 'a2');
  clock.advanceTo(NOON_MS + 24 * HOUR_MS);
  expect((await shards()).map(({ ShardId }) => ShardId)).toEqual([S0, S1, S2]);
  clock.advanceTo(NOON_MS + 24 * HOUR_MS + 1);
  const left = await shards();
  expect(left.map(({ ShardId, ParentShardId }) => [ShardId, ParentShardId])).toEqual([
    [S1, S0],
    [S2, S0],
  ]);
  await expect(read(S0)).rejects.toThrow(ResourceNotFoundException);
  await split(S1, '9999');
  expect((await shards()).map(({ ShardId }) => ShardId)).toEqual([S1, S2, S3, 'shardId-000000000004']);
});
