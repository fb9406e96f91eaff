import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import middy from '@middy/core';
import type { KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import { within } from '../lib/aws-requests.ts';
import { config } from '../lib/config.ts';
import { parseBatch } from '../lib/silver/batch-event.ts';
import { DynamoCheckpoints } from '../lib/silver/dynamo-checkpoint.ts';
import { processBatch, type SilverPorts } from '../lib/silver/process-batch.ts';
import { S3Log } from '../lib/silver/s3-log.ts';
import { sendMetrics } from '../lib/watch/send.ts';

/** A checkpoint or the first object of a folder has some hundred KB. */
const CALL_MS = 10_000;

const ports: SilverPorts = {
  log: new S3Log(new S3Client(within(CALL_MS)), config.bucketName()),
  checkpoints: new DynamoCheckpoints(new DynamoDBClient(within(CALL_MS)), config.checkpointTable()),
  memory: new Map(),
  checkpoint_every: 32, // a checkpoint holds the whole lane: at each batch it would cost more than all the rest
  pause: (attempt) => new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt)),
  warn: (message, details) => console.warn({ message, ...details }),
};

const send = sendMetrics('silver', config.metricsNamespace);

/** Kinesis batch → Silver log. Answers with the lowest record that is not done; Lambda delivers from there again. */
export const handler = middy<KinesisStreamEvent, KinesisStreamBatchResponse>(async (event: KinesisStreamEvent) => {
  const { records, foreign, newer } = parseBatch(event);
  for (const record of foreign) ports.warn('passed over a record that is no chunk', { ...record });
  if (newer !== null) ports.warn('a chunk of a newer format waits for the version that reads it', { ...newer });
  let changes = 0;
  const logged = (count: number) => {
    changes += count;
  };
  const open = (await processBatch(records, { ...ports, logged })) ?? newer?.sequence_number ?? null;
  send({ ChangesLogged: changes }); // what was put counts, also of a batch that comes again
  return { batchItemFailures: open === null ? [] : [{ itemIdentifier: open }] };
});
