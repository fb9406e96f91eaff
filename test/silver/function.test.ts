import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { KinesisStreamBatchResponse } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, test, vi } from 'vitest';
import { encodeChunk } from '../../lib/stream/chunk.ts';
import { linesOf } from '../watch/lines.ts';

vi.stubEnv('BUCKET_NAME', 'lake');
vi.stubEnv('CHECKPOINT_TABLE', 'checkpoints');
vi.stubEnv('METRICS_NAMESPACE', 'bikelake/dev');
vi.stubEnv('AWS_REGION', 'us-east-1');
vi.spyOn(console, 'warn').mockImplementation(() => undefined);
const { handler } = await import('../../functions/silver.ts');

const s3 = mockClient(S3Client);
const dynamodb = mockClient(DynamoDBClient);
beforeEach(() => {
  s3.reset();
  dynamodb.reset();
  dynamodb.on(GetItemCommand).resolves({});
  s3.on(ListObjectsV2Command).resolves({});
});

const SLOT_MS = Date.UTC(2026, 10, 21, 10);
const record = (sequence: number, lane: string) => {
  const entry = {
    kind: 'status',
    system_id: 'city',
    part: 0,
    parts: 1,
    fetched_at_ms: SLOT_MS,
    feed_updated_ms: null,
  } as const;
  const line = '{"i":"s","h":"0123456789abcdef","b":1,"r":"{}"}';
  const bytes = encodeChunk(lane, SLOT_MS, [{ ...entry, lines: [line] }]);
  return {
    eventID: `shardId-000000000000:${sequence}`,
    kinesis: { data: bytes.toString('base64'), sequenceNumber: String(sequence) },
  };
};
const answerTo = async (...records: object[]): Promise<KinesisStreamBatchResponse> =>
  (await handler({ Records: records } as never, {} as never)) as KinesisStreamBatchResponse;

test('a batch that is done answers with no failure', async () => {
  s3.on(PutObjectCommand).resolves({});
  expect(await answerTo(record(5, 'a'), record(6, 'b'))).toEqual({ batchItemFailures: [] });
});

test('the function answers with the lowest record of a lane that failed, and with no other', async () => {
  s3.on(PutObjectCommand).callsFake(({ Key }: { Key: string }) => {
    if (Key.includes('lane=d')) throw Object.assign(new Error('denied'), { $metadata: { httpStatusCode: 403 } });
    return {};
  });
  const answer = await answerTo(record(5, 'c'), record(6, 'd'), record(7, 'c'), record(8, 'd'));
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '6' }] });
});

test('the changes that were put are counted, also of a batch of which a lane failed', async () => {
  s3.on(PutObjectCommand).callsFake(({ Key }: { Key: string }) => {
    if (Key.includes('lane=f')) throw Object.assign(new Error('denied'), { $metadata: { httpStatusCode: 403 } });
    return {};
  });
  const lines = await linesOf(() => answerTo(record(5, 'e'), record(6, 'f')));
  expect(lines).toMatchObject([{ stage: 'silver', ChangesLogged: 1 }]);
  expect(await linesOf(() => answerTo(record(5, 'e')))).toMatchObject([{ ChangesLogged: 0 }]); // came again
});
