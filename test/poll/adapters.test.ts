import { zstdDecompressSync } from 'node:zlib';
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { FirehoseClient, PutRecordBatchCommand } from '@aws-sdk/client-firehose';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { DynamoStates } from '../../lib/poll/dynamo-states.ts';
import { FirehoseQuarantine } from '../../lib/poll/firehose-quarantine.ts';
import { ssmSeoulKey } from '../../lib/poll/seoul-key.ts';
import { type GroupState, NEW_SYSTEM, type SystemState, stateText } from '../../lib/poll/state.ts';
import { KinesisStream } from '../../lib/stream/kinesis-stream.ts';

const [kinesis, firehose, dynamo, ssm] = [KinesisClient, FirehoseClient, DynamoDBClient, SSMClient].map((Client) =>
  mockClient(Client as typeof KinesisClient),
) as [
  ReturnType<typeof mockClient>,
  ReturnType<typeof mockClient>,
  ReturnType<typeof mockClient>,
  ReturnType<typeof mockClient>,
];
beforeEach(() => {
  for (const mock of [kinesis, firehose, dynamo, ssm]) mock.reset();
});

const region = { region: 'us-east-1' };
const records = ['a', 'b'].map((partition_key) => ({ partition_key, bytes: Buffer.from(partition_key) }));
const refusal = (name: string, httpStatusCode: number) =>
  Object.assign(new Error('x'), { name, $metadata: { httpStatusCode } });

describe('the stream', () => {
  const stream = new KinesisStream(new KinesisClient(region), 'events');

  it('gets PutRecords, and tells which records it did not take', async () => {
    kinesis.on(PutRecordsCommand).resolves({
      FailedRecordCount: 1,
      Records: [{ SequenceNumber: '1', ShardId: 's' }, { ErrorCode: 'InternalFailure' }],
    });
    expect(await stream.put(records)).toEqual([null, 'InternalFailure']);
    expect(kinesis).toHaveReceivedCommandWith(PutRecordsCommand, {
      StreamName: 'events',
      Records: [
        { PartitionKey: 'a', Data: Buffer.from('a') },
        { PartitionKey: 'b', Data: Buffer.from('b') },
      ],
    });
  });

  it.each([
    ['ResourceNotFoundException', 400, 'FatalError'],
    ['AccessDeniedException', 403, 'FatalError'],
    ['ProvisionedThroughputExceededException', 400, 'TransientError'],
    ['ThrottlingException', 400, 'TransientError'],
    ['InternalFailure', 500, 'TransientError'],
    ['TimeoutError', 0, 'TransientError'],
  ])('%s %i is a %s', async (name, status, error) => {
    kinesis.on(PutRecordsCommand).rejects(refusal(name, status));
    await expect(stream.put(records)).rejects.toMatchObject({ name: error, reason: name });
  });
});

describe('quarantine', () => {
  it('gets PutRecordBatch, and tells which records it did not take', async () => {
    firehose.on(PutRecordBatchCommand).resolves({
      FailedPutCount: 1,
      RequestResponses: [{ ErrorCode: 'ServiceUnavailableException' }, { RecordId: '1' }],
    });
    expect(await new FirehoseQuarantine(new FirehoseClient(region), 'quarantine').put(records)).toEqual([
      'ServiceUnavailableException',
      null,
    ]);
    expect(firehose).toHaveReceivedCommandWith(PutRecordBatchCommand, {
      DeliveryStreamName: 'quarantine',
      Records: [{ Data: Buffer.from('a') }, { Data: Buffer.from('b') }],
    });
  });
});

/** 64 systems as their feeds leave them: URLs, validators, times. */
function fullGroup(): GroupState {
  const system = (n: number): SystemState => {
    const base = `https://gbfs.operator-${n}.example/feeds/2.3/`;
    const validators = (feed: string) => ({
      url: `${base}${feed}.json`,
      etag: `"${((n * 2654435761) >>> 0).toString(16)}-${feed}"`,
      last_modified: `Sat, 21 Nov 2026 10:${String(n % 60).padStart(2, '0')}:07 GMT`,
      basis_slot_ms: 1_795_000_000_000,
    });
    return {
      known: {
        catalogue_url: `${base}gbfs.json`,
        url: `${base}gbfs.json`,
        feeds: { station_status: `${base}station_status.json`, station_information: `${base}station_information.json` },
        read_slot_ms: 1_795_000_000_000 - 60_000 * n,
        tried_slot_ms: 1_795_000_000_000 - 60_000 * n,
      },
      validators: {
        station_status: validators('station_status'),
        station_information: validators('station_information'),
      },
      information_slot_ms: 1_795_000_000_000 - 60_000 * n,
      information_tried_slot_ms: 1_795_000_000_000 - 60_000 * n,
      breaker: NEW_SYSTEM.breaker,
    };
  };
  return Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`operator_${n}`, system(n)]));
}

describe('the states of groups', () => {
  const states = new DynamoStates(new DynamoDBClient(region), 'polls');
  const TEXT =
    '{"format":1,"systems":{"a":{"known":null,"validators":{},"information_slot_ms":null,"information_tried_slot_ms":null,' +
    '"breaker":{"failures":0,"probe_slot_ms":null,"pause_ms":0,"reason":null,"failed_slot_ms":null}}}}';

  it('are items that move forward: those of a poll of the same or a later slot stay, unless it lies more than an hour ahead', async () => {
    dynamo.on(PutItemCommand).resolves({});
    await states.write('g1', { a: NEW_SYSTEM }, 60_000);
    expect(dynamo).toHaveReceivedCommandWith(PutItemCommand, {
      TableName: 'polls',
      Item: { group_id: { S: 'g1' }, slot_ms: { N: '60000' }, state: { B: expect.any(Buffer) } },
      ConditionExpression: 'attribute_not_exists(slot_ms) OR slot_ms < :slot OR slot_ms > :far',
      ExpressionAttributeValues: { ':slot': { N: '60000' }, ':far': { N: '3660000' } },
    });
    const written = dynamo.commandCalls(PutItemCommand)[0]?.args[0].input.Item?.state?.B as Uint8Array;
    expect(zstdDecompressSync(written).toString()).toBe(TEXT);
    dynamo
      .on(GetItemCommand, { TableName: 'polls', Key: { group_id: { S: 'g1' } } })
      .resolves({ Item: { state: { B: written } } });
    expect(await states.read('g1')).toEqual({ a: NEW_SYSTEM });
  });

  it('are read as the plain text, too, that an earlier version wrote', async () => {
    dynamo.on(GetItemCommand).resolves({ Item: { state: { S: TEXT } } });
    expect(await states.read('g1')).toEqual({ a: NEW_SYSTEM });
  });

  it('take a tenth of the write units of their text, for a full group', async () => {
    dynamo.on(PutItemCommand).resolves({});
    await states.write('g1', fullGroup(), 60_000);
    const written = dynamo.commandCalls(PutItemCommand).at(-1)?.args[0].input.Item?.state?.B as Uint8Array;
    expect(stateText(fullGroup()).length).toBeGreaterThan(40_000);
    expect(written.length).toBeLessThan(6_000);
    dynamo.on(GetItemCommand).resolves({ Item: { state: { B: written } } });
    expect(await states.read('g1')).toEqual(fullGroup());
  });

  it('take a refusal for success, and throw any other error', async () => {
    dynamo.on(PutItemCommand).rejectsOnce(new ConditionalCheckFailedException({ message: 'x', $metadata: {} }));
    await states.write('g1', { a: NEW_SYSTEM }, 60_000);
    dynamo.on(PutItemCommand).rejects(new Error('throttled'));
    await expect(states.write('g1', { a: NEW_SYSTEM }, 60_000)).rejects.toThrow('throttled');
  });

  it('are empty at first', async () => {
    dynamo.on(GetItemCommand).resolves({});
    expect(await states.read('g1')).toEqual({});
  });
});

describe('the Seoul key', () => {
  it('is read once, decrypted, and again when it was refused or could not be read', async () => {
    const key = ssmSeoulKey(new SSMClient(region), () => '/bikelake/dev/seoul-key');
    ssm
      .on(GetParameterCommand, { Name: '/bikelake/dev/seoul-key', WithDecryption: true })
      .rejectsOnce(new Error('x'))
      .resolves({ Parameter: { Value: ' abc\n' } });
    await expect(key.read()).rejects.toThrow('x');
    expect(await Promise.all([key.read(), key.read()])).toEqual(['abc', 'abc']);
    expect(ssm).toHaveReceivedCommandTimes(GetParameterCommand, 2);
    key.forget();
    await key.read();
    expect(ssm).toHaveReceivedCommandTimes(GetParameterCommand, 3);
  });
});
