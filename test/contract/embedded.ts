import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '../../local/clock.ts';
import { Cloud } from '../../local/cloud.ts';
import { awsPorts, clientsOf, destroyAll, type Names } from './aws.ts';
import { DELIVERY_PREFIX, type Implementation } from './ports.ts';

const NAMES: Names = {
  bucket: 'contract-lake',
  checkpoints: 'contract-checkpoints',
  polls: 'contract-polls',
  stream: 'contract-events',
  delivery: 'contract-quarantine',
};

const table = (TableName: string, key: string) => ({
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: key, AttributeType: 'S' }],
    KeySchema: [{ AttributeName: key, KeyType: 'HASH' }],
  },
});

const TEMPLATE = {
  Resources: {
    Events: { Type: 'AWS::Kinesis::Stream', Properties: { Name: NAMES.stream, ShardCount: 2 } },
    Lake: { Type: 'AWS::S3::Bucket', Properties: { BucketName: NAMES.bucket } },
    Checkpoints: table(NAMES.checkpoints, 'lane'),
    Polls: table(NAMES.polls, 'group_id'),
    Quarantine: {
      Type: 'AWS::KinesisFirehose::DeliveryStream',
      Properties: {
        DeliveryStreamName: NAMES.delivery,
        DeliveryStreamType: 'DirectPut',
        ExtendedS3DestinationConfiguration: {
          BucketARN: { 'Fn::GetAtt': ['Lake', 'Arn'] },
          Prefix: DELIVERY_PREFIX,
          ErrorOutputPrefix: 'errors/!{firehose:error-output-type}/',
          BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 300 },
          CompressionFormat: 'GZIP',
        },
      },
    },
  },
};

/** The embedded AWS over HTTP, through the SDK's clients with their default settings. */
export const EMBEDDED: Implementation = {
  name: 'embedded AWS',
  differences: {},
  start: async () => {
    const dir = mkdtempSync(join(tmpdir(), 'bikelake-contract-'));
    const template = join(dir, 'template.json');
    writeFileSync(template, JSON.stringify(TEMPLATE));
    const clock = new VirtualClock(Date.UTC(2026, 0, 1), 0);
    const cloud = await Cloud.start({ template, code: (name) => name, dir: join(dir, 'state'), clock });
    const clients = clientsOf((service) => cloud.endpoints[`AWS_ENDPOINT_URL_${service}`] ?? '');
    return {
      ...awsPorts(clients, NAMES, () => cloud.drain()),
      close: async () => {
        destroyAll(clients);
        await cloud.close();
        rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  },
};
