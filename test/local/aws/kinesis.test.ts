/** The embedded Kinesis, through the SDK's client with its default settings. */
import {
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  ExpiredIteratorException,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  InvalidArgumentException,
  KinesisClient,
  ListShardsCommand,
  ListStreamsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  ResourceNotFoundException,
  ValidationException,
} from '@aws-sdk/client-kinesis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Endpoint } from '../../../local/aws/http.ts';
import { startKinesis } from '../../../local/aws/kinesis/server.ts';
import { KinesisStore } from '../../../local/aws/kinesis/store.ts';
import { VirtualClock } from '../../../local/clock.ts';
import { credentials, region, stateFolder } from './state.ts';

const NOON_MS = Date.UTC(2026, 4, 14, 12);
const SHARD = 'shardId-000000000000';
const StreamName = 'bikelake-dev-events';
const Data = Buffer.from('x');

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

const put = (...texts: string[]) =>
  client.send(
    new PutRecordsCommand({
      StreamName,
      Records: texts.map((t) => ({ PartitionKey: 'lane-1', Data: Buffer.from(t) })),
    }),
  );

async function readFrom(
  start: Partial<GetShardIteratorCommandInput>,
  Limit?: number,
): Promise<GetRecordsCommandOutput> {
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({ StreamName, ShardId: SHARD, ShardIteratorType: 'TRIM_HORIZON', ...start }),
  );
  return client.send(new GetRecordsCommand({ ShardIterator, Limit }));
}

const textsOf = (output: GetRecordsCommandOutput) =>
  (output.Records ?? []).map((r) => Buffer.from(r.Data ?? []).toString());

test('PutRecords answers a place for each record, and GetRecords the records in order', async () => {
  const answer = await put('a', 'b', 'é');
  expect(answer.FailedRecordCount).toBe(0);
  expect(answer.Records?.map((r) => r.ShardId)).toEqual([SHARD, SHARD, SHARD]);
  const { Records = [], MillisBehindLatest } = await readFrom({});
  expect(Records.map((r) => Buffer.from(r.Data ?? []).toString())).toEqual(['a', 'b', 'é']);
  expect(Records.map((r) => r.SequenceNumber)).toEqual(answer.Records?.map((r) => r.SequenceNumber));
  expect(Records[0]).toMatchObject({ PartitionKey: 'lane-1', ApproximateArrivalTimestamp: new Date(NOON_MS) });
  expect(MillisBehindLatest).toBe(0);
});

test('PutRecord answers shard and sequence number', async () => {
  const answer = await client.send(new PutRecordCommand({ StreamName, PartitionKey: 'k', Data }));
  expect(answer.ShardId).toBe(SHARD);
  expect(answer.SequenceNumber).toBe(store.last(StreamName, SHARD));
});

test('a stream is also known by its ARN', async () => {
  const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/bikelake-dev-events';
  expect((await client.send(new DescribeStreamSummaryCommand({ StreamARN }))).StreamDescriptionSummary).toMatchObject({
    StreamName,
    StreamARN,
    StreamStatus: 'ACTIVE',
    OpenShardCount: 1,
    RetentionPeriodHours: 24,
    MaxRecordSizeInKiB: 1024,
    StreamCreationTimestamp: new Date(NOON_MS),
  });
});

test('streams and shards are described', async () => {
  await store.createStream({ name: 'another', shards: 3, retention_hours: 24 });
  expect((await client.send(new ListStreamsCommand({}))).StreamNames).toEqual(['another', StreamName]);
  const page = await client.send(new ListStreamsCommand({ Limit: 1 }));
  expect([page.StreamNames, page.HasMoreStreams]).toEqual([['another'], true]);
  expect((await client.send(new ListStreamsCommand({ NextToken: page.NextToken }))).StreamNames).toEqual([StreamName]);

  const first = await client.send(new ListShardsCommand({ StreamName: 'another', MaxResults: 2 }));
  const rest = await client.send(new ListShardsCommand({ NextToken: first.NextToken }));
  expect([...(first.Shards ?? []), ...(rest.Shards ?? [])].map((s) => [s.ShardId, s.HashKeyRange])).toEqual([
    ['shardId-000000000000', { StartingHashKey: '0', EndingHashKey: '113427455640312821154458202477256070484' }],
    [
      'shardId-000000000001',
      {
        StartingHashKey: '113427455640312821154458202477256070485',
        EndingHashKey: '226854911280625642308916404954512140969',
      },
    ],
    [
      'shardId-000000000002',
      {
        StartingHashKey: '226854911280625642308916404954512140970',
        EndingHashKey: '340282366920938463463374607431768211455',
      },
    ],
  ]);
  expect(rest.NextToken).toBeUndefined();
  const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName: 'another', Limit: 2 }));
  expect([StreamDescription?.Shards?.length, StreamDescription?.HasMoreShards]).toEqual([2, true]);
});

test('each kind of iterator begins at its place', async () => {
  const { Records = [] } = await put('a', 'b');
  clock.advanceTo(NOON_MS + 1000);
  await put('c');
  const StartingSequenceNumber = Records[0]?.SequenceNumber;
  expect(textsOf(await readFrom({ ShardIteratorType: 'TRIM_HORIZON' }))).toEqual(['a', 'b', 'c']);
  expect(textsOf(await readFrom({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber }))).toEqual([
    'a',
    'b',
    'c',
  ]);
  expect(textsOf(await readFrom({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber }))).toEqual([
    'b',
    'c',
  ]);
  expect(textsOf(await readFrom({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(NOON_MS + 1) }))).toEqual([
    'c',
  ]);
  expect(textsOf(await readFrom({ ShardIteratorType: 'LATEST' }))).toEqual([]);
});

test('LATEST reads what arrives after the iterator was made', async () => {
  for (const round of ['first', 'second']) {
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({ StreamName, ShardId: SHARD, ShardIteratorType: 'LATEST' }),
    );
    await put(round);
    expect(textsOf(await client.send(new GetRecordsCommand({ ShardIterator })))).toEqual([round]);
  }
});

test('reading goes on with the next iterator, and says how far behind it is', async () => {
  await put('a', 'b');
  clock.advanceTo(NOON_MS + 5000);
  const first = await readFrom({}, 1);
  expect([textsOf(first), first.MillisBehindLatest]).toEqual([['a'], 5000]);
  const second = await client.send(new GetRecordsCommand({ ShardIterator: first.NextShardIterator }));
  expect([textsOf(second), second.MillisBehindLatest]).toEqual([['b'], 0]);
  const third = await client.send(new GetRecordsCommand({ ShardIterator: second.NextShardIterator }));
  expect([textsOf(third), third.MillisBehindLatest]).toEqual([[], 0]);
});

test('one answer of GetRecords has at most 10 MiB', async () => {
  const megabyte = Buffer.alloc(1024 * 1024 - 1);
  for (let i = 0; i < 12; i++)
    await client.send(new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: megabyte }));
  expect((await readFrom({})).Records).toHaveLength(10);
});

test('an iterator expires after five minutes', async () => {
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({ StreamName, ShardId: SHARD, ShardIteratorType: 'TRIM_HORIZON' }),
  );
  clock.advanceTo(NOON_MS + 300_001);
  await expect(client.send(new GetRecordsCommand({ ShardIterator }))).rejects.toThrow(ExpiredIteratorException);
});

const records = (count: number, bytes: number, PartitionKey = 'k') =>
  Array.from({ length: count }, () => ({ PartitionKey, Data: Buffer.alloc(bytes) }));

test.each([
  ['501 records', records(501, 1), ValidationException],
  ['no records', [], ValidationException],
  ['a record of more than 1 MiB with its key', records(1, 1024 * 1024), ValidationException],
  ['more than 10 MiB in all', records(11, 1_000_000), InvalidArgumentException],
  ['an empty partition key', records(1, 1, ''), ValidationException],
  ['a partition key of 257 characters', records(1, 1, 'k'.repeat(257)), ValidationException],
  [
    'a hash key beyond the range',
    [{ PartitionKey: 'k', Data, ExplicitHashKey: '340282366920938463463374607431768211456' }],
    InvalidArgumentException,
  ],
  ['a hash key that is no number', [{ PartitionKey: 'k', Data, ExplicitHashKey: '0x1' }], ValidationException],
])('PutRecords refuses %s, and stores nothing', async (_, Records, exception) => {
  await expect(client.send(new PutRecordsCommand({ StreamName, Records }))).rejects.toThrow(exception);
  expect(store.last(StreamName, SHARD)).toBeUndefined();
});

test('500 records of 10 MiB together are accepted', async () => {
  const each = Math.floor((10 * 1024 * 1024) / 500) - 1;
  const answer = await client.send(new PutRecordsCommand({ StreamName, Records: records(500, each) }));
  expect([answer.Records?.length, answer.FailedRecordCount]).toEqual([500, 0]);
});

test('a stream made for larger records takes them', async () => {
  await store.createStream({ name: 'large', shards: 1, retention_hours: 24, max_record_kib: 10_240 });
  const answer = await client.send(
    new PutRecordsCommand({ StreamName: 'large', Records: records(1, 10 * 1024 * 1024 - 1) }),
  );
  expect(answer.FailedRecordCount).toBe(0);
});

test('what does not exist is ResourceNotFoundException, what is nonsense is InvalidArgumentException', async () => {
  await expect(client.send(new PutRecordsCommand({ StreamName: 'none', Records: records(1, 1) }))).rejects.toThrow(
    ResourceNotFoundException,
  );
  await expect(readFrom({ ShardId: 'shardId-000000000009' })).rejects.toThrow(ResourceNotFoundException);
  await expect(readFrom({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: '1' })).rejects.toThrow(
    InvalidArgumentException,
  );
  await expect(readFrom({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(NOON_MS + 60_000) })).rejects.toThrow(
    InvalidArgumentException,
  );
  await expect(client.send(new GetRecordsCommand({ ShardIterator: 'nonsense' }))).rejects.toThrow(
    InvalidArgumentException,
  );
});

test('the service also answers HTTP/1.1, with a request id, and names an operation it does not have', async () => {
  const ask = (operation: string, body: string) =>
    fetch(endpoint.url, { method: 'POST', headers: { 'x-amz-target': `Kinesis_20131202.${operation}` }, body });
  const listed = await ask('ListStreams', '{}');
  expect(await listed.json()).toMatchObject({ StreamNames: [StreamName] });
  expect(listed.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
  expect(listed.headers.get('content-type')).toBe('application/x-amz-json-1.1');
  const unknown = await ask('DeleteStream', '{}');
  expect([unknown.status, await unknown.json()]).toEqual([
    400,
    { __type: 'UnknownOperationException', message: 'The embedded Kinesis has no operation DeleteStream' },
  ]);
  expect(await (await ask('ListStreams', '{')).json()).toMatchObject({ __type: 'SerializationException' });
});

test('many puts at once keep the order of each', async () => {
  await Promise.all(Array.from({ length: 40 }, (_, i) => put(`${i}a`, `${i}b`, `${i}c`)));
  const found = textsOf(await readFrom({}));
  expect(found).toHaveLength(120);
  for (let i = 0; i < 40; i++) {
    const at = found.indexOf(`${i}a`);
    expect(found.slice(at, at + 3)).toEqual([`${i}a`, `${i}b`, `${i}c`]);
  }
});
