/** Each fault of each service as the SDK's client sees it, and whether the request took effect. */
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { FirehoseClient, PutRecordBatchCommand } from '@aws-sdk/client-firehose';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { within, within2 } from '../../lib/aws-requests.ts';
import { S3Log } from '../../lib/silver/s3-log.ts';
import { KinesisStream } from '../../lib/stream/kinesis-stream.ts';
import { type DynamoDb, startDynamoDb } from '../../local/aws/dynamodb/server.ts';
import type { FaultKind } from '../../local/aws/faults.ts';
import { startFirehose } from '../../local/aws/firehose/server.ts';
import { startKinesis } from '../../local/aws/kinesis/server.ts';
import { KinesisStore } from '../../local/aws/kinesis/store.ts';
import { startS3 } from '../../local/aws/s3/server.ts';
import { S3Store } from '../../local/aws/s3/store.ts';
import { startSsm } from '../../local/aws/ssm/server.ts';
import { VirtualClock } from '../../local/clock.ts';
import { credentials, region } from './aws/state.ts';
import { ScriptedFaults } from './scripted-faults.ts';
import { temporaryFolder } from './workbench.ts';

const clock = new VirtualClock(Date.parse('2022-06-28T15:00:00Z'), 0);
const once = (endpoint: string) => ({ endpoint, region, credentials, maxAttempts: 1 });
const STREAM = { name: 'events', shards: 1, retention_hours: 24, max_record_kib: 1024 };
const TABLE = {
  TableName: 'checkpoints',
  AttributeDefinitions: [{ AttributeName: 'lane', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'lane', KeyType: 'HASH' as const }],
  BillingMode: 'PAY_PER_REQUEST' as const,
};

let faults: ScriptedFaults;
const ends: (() => unknown)[] = [];
beforeEach(() => {
  faults = new ScriptedFaults();
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Called {
  /** One call that has an effect. */
  readonly call: () => Promise<unknown>;
  /** How often it took effect. */
  readonly effects: () => Promise<number>;
}

async function kinesis(): Promise<Called & { client: KinesisClient }> {
  const store = await KinesisStore.open(temporaryFolder(), clock);
  await store.createStream(STREAM);
  const server = await startKinesis(store, clock, 0, faults);
  const client = new KinesisClient(once(server.url));
  ends.push(
    () => store.close(),
    () => server.close(),
    () => client.destroy(),
  );
  const Records = [{ PartitionKey: 'k', Data: Buffer.from('a') }];
  return {
    client,
    call: () => client.send(new PutRecordsCommand({ StreamName: 'events', Records })),
    effects: async () => store.pending('events', 'shardId-000000000000', undefined).records,
  };
}

async function firehose(): Promise<Called & { client: FirehoseClient; taken: string[] }> {
  const taken: string[] = [];
  const put = (records: readonly Buffer[]) => void taken.push(...records.map(String));
  const server = await startFirehose([{ name: 'quarantine', type: 'DirectPut', put }], 0, faults);
  const client = new FirehoseClient(once(server.url));
  ends.push(
    () => server.close(),
    () => client.destroy(),
  );
  const Records = [{ Data: Buffer.from('a') }];
  return {
    client,
    taken,
    call: () => client.send(new PutRecordBatchCommand({ DeliveryStreamName: 'quarantine', Records })),
    effects: async () => taken.length,
  };
}

async function dynamodb(): Promise<
  Called & { client: DynamoDBClient; embedded: DynamoDb; readonly put: (v: string) => Promise<unknown> }
> {
  const embedded = await startDynamoDb(temporaryFolder(), 0, faults);
  await embedded.createTable(TABLE);
  const client = new DynamoDBClient(once(embedded.url));
  ends.push(
    () => embedded.close(),
    () => client.destroy(),
  );
  const put = (version: string) =>
    client.send(new PutItemCommand({ TableName: 'checkpoints', Item: { lane: { S: 'a' }, version: { S: version } } }));
  return {
    client,
    embedded,
    put,
    call: () => put('1'),
    effects: async () => ((await readItem(client, true)) === '1' ? 1 : 0),
  };
}

const readItem = async (client: DynamoDBClient, consistent: boolean): Promise<string | undefined> =>
  (
    await client.send(
      new GetItemCommand({ TableName: 'checkpoints', Key: { lane: { S: 'a' } }, ConsistentRead: consistent }),
    )
  ).Item?.version?.S;

async function s3(): Promise<Called & { client: S3Client; url: string }> {
  const store = await S3Store.open(temporaryFolder(), clock, faults);
  await store.createBucket('lake');
  const server = await startS3(store, 0, faults);
  const client = new S3Client({ ...once(server.url), forcePathStyle: true });
  ends.push(
    () => server.close(),
    () => client.destroy(),
  );
  return {
    client,
    url: server.url,
    call: () => client.send(new PutObjectCommand({ Bucket: 'lake', Key: 'k', Body: 'a' })),
    effects: async () => (store.facts('lake', 'k') ? 1 : 0),
  };
}

async function ssm(): Promise<Called> {
  const server = await startSsm({ '/key': 'secret' }, 0, faults);
  const client = new SSMClient(once(server.url));
  ends.push(
    () => server.close(),
    () => client.destroy(),
  );
  let answered = 0;
  const read = async () => {
    await client.send(new GetParameterCommand({ Name: '/key', WithDecryption: true }));
    answered += 1;
  };
  return { call: read, effects: async () => answered };
}

describe.each([
  ['kinesis.PutRecords', kinesis, 'ProvisionedThroughputExceededException', 400],
  ['firehose.PutRecordBatch', firehose, 'ServiceUnavailableException', 500],
  ['dynamodb.PutItem', dynamodb, 'ProvisionedThroughputExceededException', 400],
  ['s3.PutObject', s3, 'SlowDown', 503],
  ['ssm.GetParameter', ssm, 'ThrottlingException', 400],
])('%s', (place, start, throttled, status) => {
  const meet = async (kind: FaultKind) => {
    faults.at(place, kind);
    const { call, effects } = await start();
    const began = performance.now();
    const error = await call().then(
      () => null,
      (e: Error & { $metadata?: { httpStatusCode?: number } }) => ({
        name: e.name,
        status: e.$metadata?.httpStatusCode,
      }),
    );
    const took_ms = performance.now() - began;
    expect(faults.met).toEqual([`${place}:${kind}`]);
    return { error, took_ms, effects: await effects() };
  };
  it('throttles without effect', async () => {
    expect(await meet('throttle')).toMatchObject({ error: { name: throttled, status }, effects: 0 });
  });
  it('answers 500 without effect', async () => {
    expect(await meet('error')).toMatchObject({ error: { status: 500 }, effects: 0 });
  });
  it('does not answer, and nothing took effect', async () => {
    const { error, effects, took_ms } = await meet('timeout');
    expect([error?.status, effects]).toEqual([undefined, 0]);
    expect(error).not.toBeNull();
    expect(took_ms).toBeGreaterThan(35);
  });
  it('loses the answer of what took effect', async () => {
    const { error, effects } = await meet('lost_reply');
    expect([error?.status, effects]).toEqual([undefined, place.startsWith('ssm') ? 0 : 1]);
    expect(error).not.toBeNull();
  });
  it('ends the connection without effect', async () => {
    const { error, effects } = await meet('reset');
    expect([error?.status, effects]).toEqual([undefined, 0]);
    expect(error).not.toBeNull();
  });
  it('answers late', async () => {
    const { error, effects, took_ms } = await meet('slow');
    expect([error, effects]).toEqual([null, 1]);
    expect(took_ms).toBeGreaterThan(35);
  });
});

describe('a put of many records', () => {
  const texts = Array.from({ length: 20 }, (_, i) => `r${i}`);
  it('is taken in part by Kinesis: what the answer names as failed is not stored, the rest in its order', async () => {
    faults.at('kinesis.PutRecords', 'partial');
    const { client, effects } = await kinesis();
    const Records = texts.map((text) => ({ PartitionKey: 'k', Data: Buffer.from(text) }));
    const answer = await client.send(new PutRecordsCommand({ StreamName: 'events', Records }));
    const failed = answer.Records?.filter((r) => r.ErrorCode === 'ProvisionedThroughputExceededException') ?? [];
    const numbers = (answer.Records ?? []).flatMap((r) => (r.SequenceNumber ? [r.SequenceNumber] : []));
    expect(failed.length).toBeGreaterThan(0);
    expect(answer.FailedRecordCount).toBe(failed.length);
    expect(failed.length + numbers.length).toBe(20);
    expect(await effects()).toBe(numbers.length);
    expect(numbers).toEqual([...numbers].sort());
  });
  it('is taken in part by Firehose', async () => {
    faults.at('firehose.PutRecordBatch', 'partial');
    const { client, taken } = await firehose();
    const Records = texts.map((text) => ({ Data: Buffer.from(text) }));
    const answer = await client.send(new PutRecordBatchCommand({ DeliveryStreamName: 'quarantine', Records }));
    const named = texts.filter((_, i) => answer.RequestResponses?.[i]?.ErrorCode === undefined);
    expect(taken).toEqual(named);
    expect(answer.FailedPutCount).toBe(20 - named.length);
    expect(answer.FailedPutCount).toBeGreaterThan(0);
  });
});

describe('DynamoDB', () => {
  it('answers a stale read with what was there before the last write, and a consistent one never', async () => {
    faults.at('dynamodb.GetItem', 'stale', 'stale');
    const { client, put } = await dynamodb();
    await put('1');
    expect(await readItem(client, false)).toBeUndefined(); // before the first write there was nothing
    await put('2');
    expect(await readItem(client, true)).toBe('2');
    expect(await readItem(client, false)).toBe('1');
    expect(await readItem(client, false)).toBe('2');
    expect(faults.met).toHaveLength(2);
  });
  it('loses an item for good, and puts an earlier content back for good', async () => {
    const { client, put } = await dynamodb();
    await put('1');
    await put('2');
    faults.at('dynamodb.GetItem', 'restored');
    expect([await readItem(client, true), await readItem(client, true)]).toEqual(['1', '1']);
    faults.at('dynamodb.GetItem', 'lost');
    expect([await readItem(client, true), await readItem(client, true)]).toEqual([undefined, undefined]);
    await put('3');
    expect(await readItem(client, true)).toBe('3');
  });
  it('does not end with a client that goes away in the middle of a request', async () => {
    const { embedded, client, put } = await dynamodb();
    const { connect } = await import('node:net');
    const { port } = new URL(embedded.url);
    const socket = connect(Number(port), '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write(
      'POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: DynamoDB_20120810.PutItem\r\ncontent-length: 1000\r\n\r\n{',
    );
    await new Promise((resolve) => setTimeout(resolve, 30));
    socket.resetAndDestroy();
    await put('1');
    expect(await readItem(client, true)).toBe('1');
  });
});

describe('S3', () => {
  it('answers every other error of a conditional put with a conflict, which the log takes as unknown', async () => {
    faults.at('s3.PutObject', 'error', 'error');
    const { client, effects } = await s3();
    const put = () => client.send(new PutObjectCommand({ Bucket: 'lake', Key: 'k', Body: 'a', IfNoneMatch: '*' }));
    await expect(put()).rejects.toMatchObject({
      name: 'ConditionalRequestConflict',
      $metadata: { httpStatusCode: 409 },
    });
    await expect(put()).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
    expect(await effects()).toBe(0);
    faults.at('s3.PutObject', 'error');
    expect(await new S3Log(client, 'lake').put('k', Buffer.from('a'))).toBe('unknown');
    faults.at('s3.PutObject', 'lost_reply');
    expect(await new S3Log(client, 'lake').put('k', Buffer.from('a'))).toBe('unknown');
    expect(await new S3Log(client, 'lake').put('k', Buffer.from('b'))).toBe('exists');
  });
  it('answers 500 where the disk is full; the object is put when there is room', async () => {
    faults.at('disk.s3', 'disk_full');
    const { client, call, effects } = await s3();
    await expect(call()).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
    expect(await effects()).toBe(0);
    await call();
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'lake', Key: 'k' }));
    expect(await Body?.transformToString()).toBe('a');
  });
});

test('with its own attempts, the client of the SDK comes through every fault that it can see', async () => {
  const kinds: FaultKind[] = ['throttle', 'error', 'timeout', 'lost_reply', 'reset', 'slow'];
  const { url, effects } = await s3();
  const retrying = new S3Client({ ...once(url), maxAttempts: 2, forcePathStyle: true });
  ends.push(() => retrying.destroy());
  for (const kind of kinds) {
    faults.at('s3.PutObject', kind);
    await retrying.send(new PutObjectCommand({ Bucket: 'lake', Key: kind, Body: 'a' }));
  }
  expect(faults.met).toHaveLength(6);
  expect(await effects()).toBe(0);
});

describe('a service that never answers', () => {
  it('is given up by the log in time', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const client = new S3Client({
      ...once(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`),
      ...within(60),
      forcePathStyle: true,
    });
    ends.push(
      () => silent.closeAllConnections(),
      () => silent.close(),
      () => client.destroy(),
    );
    expect(await new S3Log(client, 'lake').put('k', Buffer.from('a'))).toBe('unknown');
  });
  it('is given up by the stream in time, and may have taken the records', async () => {
    const silent = createHttp2Server().listen(0, '127.0.0.1');
    const sessions = new Set<{ destroy(): void }>();
    silent.on('session', (session) => sessions.add(session)).on('stream', () => undefined);
    await new Promise((resolve) => silent.once('listening', resolve));
    const client = new KinesisClient({
      ...once(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`),
      ...within2(60),
    });
    ends.push(
      () => silent.close(),
      () => {
        for (const session of sessions) session.destroy();
      },
      () => client.destroy(),
    );
    const put = new KinesisStream(client, 'events').put([{ partition_key: 'k', bytes: Buffer.from('a') }]);
    await expect(put).rejects.toMatchObject({ name: 'TransientError', reason: 'TimeoutError' });
  });
});
