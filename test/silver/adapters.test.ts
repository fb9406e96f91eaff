/** The log in S3 and the checkpoints in DynamoDB: the calls that they make, and what they make of the answers. */
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { KinesisStreamEvent } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseBatch } from '../../lib/silver/batch-event.ts';
import { encodeCheckpoint } from '../../lib/silver/checkpoint.ts';
import { DynamoCheckpoints } from '../../lib/silver/dynamo-checkpoint.ts';
import { S3Log } from '../../lib/silver/s3-log.ts';
import { emptyState } from '../../lib/silver/state.ts';
import { encodeChunk } from '../../lib/stream/chunk.ts';

const s3 = mockClient(S3Client);
const dynamo = mockClient(DynamoDBClient);
beforeEach(() => {
  s3.reset();
  dynamo.reset();
});

const region = { region: 'us-east-1' };
const KEY = 'log/lane=a/event_date=2026-11-21/000000000002.parquet';
const bytes = Buffer.from('PAR1');
const refusal = (name: string, httpStatusCode: number) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });

describe('the log', () => {
  const log = new S3Log(new S3Client(region), 'lake');

  it('puts an object only if its name is free', async () => {
    s3.on(PutObjectCommand).resolves({});
    expect(await log.put(KEY, bytes)).toBe('created');
    expect(s3.commandCalls(PutObjectCommand).map((call) => call.args[0].input)).toEqual([
      { Bucket: 'lake', Key: KEY, Body: bytes, IfNoneMatch: '*' },
    ]);
  });

  it.each([
    ['PreconditionFailed', 412, 'exists'],
    ['ConditionalRequestConflict', 409, 'unknown'],
    ['InternalError', 500, 'unknown'],
    ['SlowDown', 503, 'unknown'],
  ])('%s %i says that the name %s', async (name, status, outcome) => {
    s3.on(PutObjectCommand).rejects(refusal(name, status));
    expect(await log.put(KEY, bytes)).toBe(outcome);
  });

  it('does not know what became of a put without an answer, and throws where the put will never do', async () => {
    s3.on(PutObjectCommand).rejectsOnce(new Error('socket hang up')).rejects(refusal('AccessDenied', 403));
    expect(await log.put(KEY, bytes)).toBe('unknown');
    await expect(log.put(KEY, bytes)).rejects.toThrow('AccessDenied');
  });

  it('lists all pages, and gets objects', async () => {
    s3.on(ListObjectsV2Command)
      .resolvesOnce({ Contents: [{ Key: 'x/1' }], CommonPrefixes: [{ Prefix: 'x/a/' }], NextContinuationToken: 't' })
      .resolvesOnce({ Contents: [{ Key: 'x/2' }], CommonPrefixes: [{ Prefix: 'x/b/' }] })
      .resolvesOnce({ Contents: [{ Key: 'x/1' }], NextContinuationToken: 't' })
      .resolvesOnce({ Contents: [{ Key: 'x/2' }] });
    expect(await log.folders('x/')).toEqual(['x/a/', 'x/b/']);
    expect(await log.keys('x/')).toEqual(['x/1', 'x/2']);
    expect(s3.commandCalls(ListObjectsV2Command).map((call) => call.args[0].input)).toEqual([
      { Bucket: 'lake', Prefix: 'x/', Delimiter: '/' },
      { Bucket: 'lake', Prefix: 'x/', Delimiter: '/', ContinuationToken: 't' },
      { Bucket: 'lake', Prefix: 'x/' },
      { Bucket: 'lake', Prefix: 'x/', ContinuationToken: 't' },
    ]);
    s3.on(GetObjectCommand, { Bucket: 'lake', Key: KEY }).rejects(refusal('NoSuchKey', 404));
    await expect(log.get(KEY)).rejects.toThrow('NoSuchKey');
  });
});

describe('the checkpoints', () => {
  const checkpoints = new DynamoCheckpoints(new DynamoDBClient(region), 'lanes');
  const state = { ...emptyState(), version: 7, date: '2026-11-21', folder: '2026-11-21' };

  it('are written unless a newer one is there, and read as they were', async () => {
    dynamo.on(PutItemCommand).resolves({});
    await checkpoints.write('a', state);
    expect(dynamo.commandCalls(PutItemCommand)[0]?.args[0].input).toEqual({
      TableName: 'lanes',
      Item: { lane: { S: 'a' }, version: { N: '7' }, checkpoint: { B: encodeCheckpoint(state) } },
      ConditionExpression: 'attribute_not_exists(lane) OR #version < :version',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':version': { N: '7' } },
    });
    dynamo
      .on(GetItemCommand, { TableName: 'lanes', Key: { lane: { S: 'a' } }, ConsistentRead: true })
      .resolves({ Item: { checkpoint: { B: encodeCheckpoint(state) } } });
    expect(await checkpoints.read('a')).toEqual(state);
  });

  it('take a refusal for success, and throw any other error', async () => {
    dynamo.on(PutItemCommand).rejectsOnce(new ConditionalCheckFailedException({ message: 'x', $metadata: {} }));
    await checkpoints.write('a', state);
    dynamo.on(PutItemCommand).rejects(new Error('throttled'));
    await expect(checkpoints.write('a', state)).rejects.toThrow('throttled');
  });

  it('are none at first, and none where the bytes are no checkpoint', async () => {
    dynamo
      .on(GetItemCommand)
      .resolvesOnce({})
      .resolves({ Item: { checkpoint: { B: Buffer.from('x') } } });
    expect([await checkpoints.read('a'), await checkpoints.read('a')]).toEqual([null, null]);
  });
});

describe('a batch of Lambda', () => {
  const record = (sequenceNumber: string, data: Buffer) => ({
    kinesis: { sequenceNumber, data: data.toString('base64') },
    eventID: `shardId-000000000001:${sequenceNumber}`,
  });
  const entry = (kind: 'status' | 'receipt', line: string) =>
    ({ kind, system_id: 'sys', part: 1, parts: 2, fetched_at_ms: 5, feed_updated_ms: null, lines: [line] }) as const;

  it('passes over receipts and over what is no chunk, which is named, and keeps the others in order', () => {
    const line = '{"i":"s","h":"00000000000000aa","r":"{}"}';
    const event = {
      Records: [
        record('8', encodeChunk('a', 60_000, [entry('status', line)])),
        record('9', Buffer.from('not ours')),
        record('10', encodeChunk(null, 60_000, [entry('receipt', '{}')])),
        record('11', encodeChunk('b', 60_000, [entry('status', line)])),
      ],
    } as unknown as KinesisStreamEvent;
    const { records, foreign } = parseBatch(event);
    const parts = [
      { key: 'sys/status/1', system_id: 'sys', kind: 'status', part: 1, fetched_at_ms: 5, events: [{ id: 's', hash: '00000000000000aa', line }] },
    ]; // biome-ignore format: a table
    const shard_id = 'shardId-000000000001';
    expect(records).toEqual([
      { shard_id, sequence_number: '8', lane: 'a', slot_ms: 60_000, parts },
      { shard_id, sequence_number: '11', lane: 'b', slot_ms: 60_000, parts },
    ]);
    expect(foreign).toEqual([{ sequence_number: '9', reason: 'the record is not zstd' }]);
  });
});
