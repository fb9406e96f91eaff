import { randomUUID } from 'node:crypto';
import { CreateTableCommand, DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { CreateDeliveryStreamCommand, DescribeDeliveryStreamCommand } from '@aws-sdk/client-firehose';
import { CreateStreamCommand, DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { awsPorts, type Clients, clientsOf, destroyAll, type Names } from './aws.ts';
import { DELIVERY_PREFIX, type Difference, type Implementation } from './ports.ts';

/** A server that we did not write, at a URL (`npm run contract` starts it). Names are new for each run. */
export function pythonServer(
  name: string,
  url: string,
  differences: Readonly<Record<string, Difference>>,
): Implementation {
  return {
    name,
    differences,
    start: async () => {
      // These servers speak HTTP/1.1 only; the client's default for Kinesis is HTTP/2.
      const clients = clientsOf(() => url, { requestHandler: new NodeHttpHandler() });
      const run = randomUUID().slice(0, 8);
      const names: Names = {
        bucket: `lake-${run}`,
        checkpoints: `checkpoints-${run}`,
        polls: `polls-${run}`,
        stream: `events-${run}`,
        delivery: `quarantine-${run}`,
      };
      await create(clients, names);
      // Neither buffers: what was put is delivered when the call is answered.
      return { ...awsPorts(clients, names, async () => undefined), close: async () => destroyAll(clients) };
    },
  };
}

async function create({ s3, dynamo, kinesis, firehose }: Clients, names: Names): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket: names.bucket }));
  for (const [TableName, AttributeName] of [
    [names.checkpoints, 'lane'],
    [names.polls, 'group_id'],
  ] as const) {
    await dynamo.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName, AttributeType: 'S' }],
        KeySchema: [{ AttributeName, KeyType: 'HASH' }],
      }),
    );
    await active(async () => (await dynamo.send(new DescribeTableCommand({ TableName }))).Table?.TableStatus);
  }
  await kinesis.send(new CreateStreamCommand({ StreamName: names.stream, ShardCount: 2 }));
  const StreamName = names.stream;
  await active(
    async () =>
      (await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }))).StreamDescriptionSummary?.StreamStatus,
  );
  const DeliveryStreamName = names.delivery;
  await firehose.send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName,
      DeliveryStreamType: 'DirectPut',
      ExtendedS3DestinationConfiguration: {
        RoleARN: 'arn:aws:iam::123456789012:role/contract',
        BucketARN: `arn:aws:s3:::${names.bucket}`,
        Prefix: DELIVERY_PREFIX,
        ErrorOutputPrefix: 'errors/!{firehose:error-output-type}/',
        BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 300 },
        CompressionFormat: 'GZIP',
      },
    }),
  );
  await active(
    async () =>
      (await firehose.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName }))).DeliveryStreamDescription
        ?.DeliveryStreamStatus,
  );
}

async function active(statusOf: () => Promise<string | undefined>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await statusOf()) === 'ACTIVE') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it is not active after 5 s');
}
