import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FirehoseClient, PutRecordCommand } from '@aws-sdk/client-firehose';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { parquetReadObjects } from 'hyparquet';
import { afterEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../local/clock.ts';
import { Cloud, type CloudOptions } from '../../local/cloud.ts';
import { folderOf, temporaryFolder, until } from './workbench.ts';

const attribute = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const lambda = (name: string, variables: object = {}) => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    FunctionName: `t-dev-${name}`,
    Handler: `${name}.handler`,
    Runtime: 'nodejs24.x',
    Timeout: 10,
    Code: { S3Key: `serverless/${name}.zip` },
    Environment: { Variables: variables },
  },
});

/** A stream that a function reads and that is delivered to a bucket, a delivery stream to put into, a schedule. */
const TEMPLATE = {
  Resources: {
    Events: { Type: 'AWS::Kinesis::Stream', Properties: { Name: 't-dev-events', ShardCount: 1 } },
    Lake: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 't-dev-lake' } },
    Checkpoints: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        TableName: 't-dev-checkpoints',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'lane', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'lane', KeyType: 'HASH' }],
      },
    },
    PollLambdaFunction: lambda('poll', { STREAM_NAME: { Ref: 'Events' } }),
    BronzeLambdaFunction: lambda('bronze'),
    SilverLambdaFunction: lambda('silver', { BUCKET_NAME: { Ref: 'Lake' } }),
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        EventSourceArn: attribute('Events'),
        FunctionName: attribute('SilverLambdaFunction'),
        StartingPosition: 'TRIM_HORIZON',
        BatchSize: 10,
        MaximumBatchingWindowInSeconds: 60,
      },
    },
    Table: {
      Type: 'AWS::Glue::Table',
      Properties: {
        DatabaseName: 't_dev',
        TableInput: { Name: 'events', StorageDescriptor: { Columns: [{ Name: 'word', Type: 'string' }] } },
      },
    },
    Bronze: {
      Type: 'AWS::KinesisFirehose::DeliveryStream',
      Properties: {
        DeliveryStreamName: 't-dev-bronze',
        DeliveryStreamType: 'KinesisStreamAsSource',
        KinesisStreamSourceConfiguration: { KinesisStreamARN: attribute('Events') },
        ExtendedS3DestinationConfiguration: {
          BucketARN: attribute('Lake'),
          Prefix: 'bronze/!{timestamp:yyyy}/',
          ErrorOutputPrefix: 'errors/!{firehose:error-output-type}/',
          ProcessingConfiguration: {
            Enabled: true,
            Processors: [
              {
                Type: 'Lambda',
                Parameters: [{ ParameterName: 'LambdaArn', ParameterValue: attribute('BronzeLambdaFunction') }],
              },
            ],
          },
          DataFormatConversionConfiguration: {
            SchemaConfiguration: { DatabaseName: 't_dev', TableName: { Ref: 'Table' } },
            InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: { CaseInsensitive: false } } },
            OutputFormatConfiguration: { Serializer: { ParquetSerDe: { Compression: 'GZIP' } } },
          },
        },
      },
    },
    Quarantine: {
      Type: 'AWS::KinesisFirehose::DeliveryStream',
      Properties: {
        DeliveryStreamName: 't-dev-quarantine',
        DeliveryStreamType: 'DirectPut',
        ExtendedS3DestinationConfiguration: {
          BucketARN: attribute('Lake'),
          Prefix: 'quarantine/!{timestamp:yyyy}/',
          CompressionFormat: 'GZIP',
        },
      },
    },
    Schedule: {
      Type: 'AWS::Scheduler::Schedule',
      Properties: {
        Name: 't-dev-poll-city',
        ScheduleExpression: 'cron(* * * * ? *)',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: {
          Arn: attribute('PollLambdaFunction'),
          RoleArn: 'r',
          Input: '{"slot":"<aws.scheduler.scheduled-time>"}',
        },
      },
    },
  },
};

const CODE = {
  'poll/poll.js':
    'exports.handler = async (event) => { if (event.fail) throw new RangeError(event.fail); return { event, now: Date.now() }; };',
  'bronze/bronze.js': `exports.handler = async ({ records }) => ({ records: records.map(({ recordId, data }) => ({
    recordId, result: 'Ok', data: Buffer.from(JSON.stringify({ word: Buffer.from(data, 'base64').toString() })).toString('base64') })) });`,
  'silver/silver.js': `exports.handler = async ({ Records }) => { console.log(Records.map((r) => Buffer.from(r.kinesis.data, 'base64').toString()).join(' ')); };`,
};

let cloud: Cloud | undefined;
const clock = () => new VirtualClock(Date.parse('2022-06-28T15:00:00Z'), 0);

async function start(dir: string, options: Partial<CloudOptions> = {}): Promise<Cloud> {
  const code = folderOf({ ...CODE, 'template.json': JSON.stringify(TEMPLATE) });
  cloud = await Cloud.start({
    template: join(code, 'template.json'),
    code: (name) => join(code, name),
    dir,
    clock: clock(),
    ...options,
  });
  return cloud;
}

function client<T>(Client: new (options: object) => T, url: string | undefined): T {
  return new Client({ endpoint: url, region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
}

async function putWords(c: Cloud, ...words: string[]): Promise<void> {
  const kinesis = client(KinesisClient, c.endpoints.AWS_ENDPOINT_URL_KINESIS);
  const Records = words.map((word) => ({ PartitionKey: 'k', Data: Buffer.from(word) }));
  await kinesis.send(new PutRecordsCommand({ StreamName: 't-dev-events', Records }));
  kinesis.destroy();
}

async function wordsInBronze(dir: string): Promise<string[]> {
  const folder = join(dir, 's3/t-dev-lake/bronze/2022');
  if (!existsSync(folder)) return [];
  const words: string[] = [];
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const rows = await parquetReadObjects({ file, compressors: { GZIP: (input) => gunzipSync(input) } });
    words.push(...rows.map(({ word }) => word as string));
  }
  return words.sort();
}

afterEach(() => cloud?.close());

describe('the embedded AWS', () => {
  it('takes what is put into the stream to the function and to the bucket', async () => {
    const dir = temporaryFolder();
    const c = await start(dir);
    expect(c.notices).toEqual([]);
    expect(c.names).toEqual({
      stream: 't-dev-events',
      bucket: 't-dev-lake',
      tables: ['t-dev-checkpoints'],
      functions: ['t-dev-poll', 't-dev-bronze', 't-dev-silver'],
      delivery_streams: ['t-dev-bronze', 't-dev-quarantine'],
    });
    await putWords(c, 'bike', 'lake');
    const firehose = client(FirehoseClient, c.endpoints.AWS_ENDPOINT_URL_FIREHOSE);
    const Record = { Data: Buffer.from('rejected\n') };
    await firehose.send(new PutRecordCommand({ DeliveryStreamName: 't-dev-quarantine', Record }));
    expect(c.backlog()).toEqual({ stream_records: 2, bronze_records: 2, put_records: 1 });
    await c.drain();
    expect(c.backlog()).toEqual({ stream_records: 0, bronze_records: 0, put_records: 0 });
    expect(await wordsInBronze(dir)).toEqual(['bike', 'lake']);
    const [quarantined] = readdirSync(join(dir, 's3/t-dev-lake/quarantine/2022'));
    const bytes = readFileSync(join(dir, 's3/t-dev-lake/quarantine/2022', quarantined ?? ''));
    expect(gunzipSync(bytes).toString()).toBe('rejected\n');
    await until(() => readFileSync(join(dir, 'logs/silver.log'), 'utf8') === 'bike lake\n');
    expect(c.counters()).toEqual({
      functions: {
        poll: { invocations: 0, errors: 0 },
        bronze: { invocations: 1, errors: 0 },
        silver: { invocations: 1, errors: 0 },
      },
      schedules: { fired: 0, twice: 0, missed: 0 },
      mapping: { done: 2, given_up: 0 },
      bronze: { records: 2, rows: 2, files: 1, failed: 0 },
      put: { records: 1, files: 1 },
    });
  });
  it('goes on in a second run with what the first one left', async () => {
    const dir = temporaryFolder();
    const first = await start(dir);
    await putWords(first, 'left', 'over');
    await first.close();
    expect(await wordsInBronze(dir)).toEqual([]);
    const second = await start(dir);
    await putWords(second, 'new');
    await second.drain();
    expect(await wordsInBronze(dir)).toEqual(['left', 'new', 'over']);
    await until(() => readFileSync(join(dir, 'logs/silver.log'), 'utf8') === 'left over new\n');
  });
  it('loses nothing when a driven clock jumps over years', async () => {
    const dir = temporaryFolder();
    const virtual = clock();
    const c = await start(dir, { clock: virtual });
    await putWords(c, 'old');
    virtual.advanceTo(Date.parse('2025-11-01T00:00:00Z'));
    await putWords(c, 'new');
    await c.drain();
    expect(await wordsInBronze(dir)).toEqual(['new', 'old']);
    expect(c.counters().mapping).toEqual({ done: 2, given_up: 0 });
  });
  it('invokes functions by name, and throws what they throw', async () => {
    const c = await start(temporaryFolder());
    expect(await c.invoke('poll', { a: 1 })).toEqual({ event: { a: 1 }, now: 1656428400000 });
    await expect(c.invoke('poll', { fail: 'too far' })).rejects.toThrow('function poll: RangeError: too far');
  });
  it('fires the schedules of the template, or those that it is given', async () => {
    const virtual = clock();
    const c = await start(temporaryFolder(), { clock: virtual });
    c.startSchedules();
    virtual.advanceTo(Date.parse('2022-06-28T15:02:00Z'));
    await until(() => c.counters().functions.poll?.invocations !== 0);
    await c.stopSchedules();
    expect(c.counters().schedules.fired).toBeGreaterThan(0);
    await c.close();
    const none = await start(temporaryFolder(), { schedules: [], clock: virtual });
    none.startSchedules();
    virtual.advanceTo(Date.parse('2022-06-28T15:10:00Z'));
    await none.stopSchedules();
    expect(none.counters().schedules.fired).toBe(0);
  });
  it('refuses a folder that is in use, and gives it back at the end', async () => {
    const dir = temporaryFolder();
    const c = await start(dir);
    await expect(start(dir)).rejects.toThrow(`${dir}: in use by this process already`);
    await c.close();
    await (await start(dir)).close();
    expect(existsSync(join(dir, 'lock'))).toBe(false);
  });
  it('gives the folder back when it cannot start', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'broken.json'), '{');
    await expect(start(dir, { template: join(dir, 'broken.json') })).rejects.toThrow(
      `${join(dir, 'broken.json')}: can't be read as a CloudFormation template in JSON`,
    );
    expect(existsSync(join(dir, 'lock'))).toBe(false);
  });
});

describe('sls invoke local', () => {
  type Plugin = new (serverless: object) => { hooks: Record<string, () => void> };
  const load = (): Plugin => createRequire(import.meta.url)('../../local/invoke-plugin.cjs') as Plugin;
  const hook = (root: string) =>
    new (load())({ serviceDir: root, processedInput: { options: { function: 'poll' } } }).hooks[
      'before:invoke:local:invoke'
    ] as () => void;

  it('speaks to the endpoints of the run that has the state folder', async () => {
    const root = temporaryFolder();
    const c = await start(join(root, '.bikelake'), { environment: { poll: { FEED_ALLOWED_HOSTS: 'city:1' } } });
    const before = { ...process.env };
    hook(root)();
    const { AWS_ENDPOINT_URL_KINESIS, AWS_ACCESS_KEY_ID, FEED_ALLOWED_HOSTS } = process.env;
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    expect([AWS_ENDPOINT_URL_KINESIS, AWS_ACCESS_KEY_ID, FEED_ALLOWED_HOSTS]).toEqual([
      c.endpoints.AWS_ENDPOINT_URL_KINESIS,
      'local',
      'city:1',
    ]);
    await c.close();
    expect(existsSync(join(root, '.bikelake/endpoints.json'))).toBe(false);
  });
  it('without a run names the remedy, and touches no other command', () => {
    const root = temporaryFolder();
    expect(hook(root)).toThrow('start it with npm start');
    expect(Object.keys(new (load())({ serviceDir: root }).hooks)).toEqual(['before:invoke:local:invoke']);
  });
  it('sees that a run has ended without cleaning up', () => {
    const pid = Number(execFileSync(process.execPath, ['-p', 'process.pid']));
    const root = folderOf({ '.bikelake/endpoints.json': JSON.stringify({ pid, region: 'us-east-1', endpoints: {} }) });
    expect(hook(root)).toThrow(`(process ${pid}) has ended`);
  });
});
