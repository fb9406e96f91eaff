import { join } from 'node:path';
import { CloudWatchClient, PutMetricDataCommand, type PutMetricDataCommandInput } from '@aws-sdk/client-cloudwatch';
import { FirehoseClient, PutRecordCommand } from '@aws-sdk/client-firehose';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { afterEach, describe, expect, it } from 'vitest';
import { metricsOf, takeMetrics } from '../../local/aws/cloudwatch/emf.ts';
import type { MetricId, Statistics } from '../../local/aws/cloudwatch/series.ts';
import { startCloudWatch } from '../../local/aws/cloudwatch/server.ts';
import { MetricStore } from '../../local/aws/cloudwatch/store.ts';
import type { Endpoint } from '../../local/aws/http.ts';
import { VirtualClock } from '../../local/clock.ts';
import { Cloud } from '../../local/cloud.ts';
import { ScriptedFaults } from './scripted-faults.ts';
import { folderOf, temporaryFolder, until } from './workbench.ts';

const T0 = Date.parse('2026-03-01T00:00:00Z');
const MINUTE_MS = 60_000;
const polls = (dimensions: Record<string, string> = { stage: 'poll' }): MetricId => ({
  namespace: 'bikelake/dev',
  name: 'Polls',
  dimensions,
});

describe('the embedded metric format', () => {
  const line = (change: object = {}): string =>
    JSON.stringify({
      _aws: {
        Timestamp: T0,
        CloudWatchMetrics: [
          { Namespace: 'bikelake/dev', Dimensions: [['stage']], Metrics: [{ Name: 'Polls', Unit: 'Count' }] },
        ],
      },
      stage: 'poll',
      Polls: 3,
      ...change,
    });
  it('a value of a metric', () => {
    expect(metricsOf(line())).toEqual([{ id: polls(), value: 3, time_ms: T0 }]);
  });
  it('several values of a metric, which count each', () => {
    const store = new MetricStore();
    takeMetrics(store, line({ Polls: [3, 5] }));
    const found = store.find(polls())?.between(T0, T0 + MINUTE_MS);
    expect(found).toEqual({ sum: 8, count: 2, minimum: 3, maximum: 5 });
  });
  it('each set of dimensions is a metric of its own', () => {
    const CloudWatchMetrics = [
      { Namespace: 'bikelake/dev', Dimensions: [['stage'], ['stage', 'x'], []], Metrics: [{ Name: 'Polls' }] },
    ];
    const found = metricsOf(line({ _aws: { Timestamp: T0, CloudWatchMetrics }, x: 'y' }));
    expect(found.map(({ id }) => id.dimensions)).toEqual([{ stage: 'poll' }, { stage: 'poll', x: 'y' }, {}]);
  });
  it.each([
    ['another line', 'bikelake'],
    ['a broken one', '{"_aws":'],
    ['one without a time', line({ _aws: { CloudWatchMetrics: [] } })],
    ['one without the value', line({ Polls: undefined })],
    ['one without the dimension', line({ stage: undefined })],
  ])('nothing in %s', (_, text) => {
    expect(metricsOf(text)).toEqual([]);
  });
});

describe('the values of a metric', () => {
  const store = new MetricStore();
  const series = store.series(polls());
  it('are one metric, in whatever order its dimensions are written', () => {
    const made = store.series(polls({ a: '1', b: '2' }));
    expect(store.find(polls({ b: '2', a: '1' }))).toBe(made);
    expect(store.find(polls({ a: '1' }))).toBeUndefined();
  });
  it('two days of minutes are kept, and no more', () => {
    for (let minute = 0; minute <= 48 * 60; minute += 1) series.add(1, T0 + minute * MINUTE_MS);
    expect(series.between(T0, T0 + MINUTE_MS)).toBeNull();
    expect(series.between(T0, T0 + 49 * 60 * MINUTE_MS)?.sum).toBe(48 * 60);
  });
  it('a beat is there in every minute that it touches, until it ends', () => {
    const beaten = store.series(polls({}));
    const end = beaten.beat(T0 + 90_000, 60);
    const sumOf = (minute: number) => beaten.between(T0 + minute * MINUTE_MS, T0 + (minute + 1) * MINUTE_MS)?.sum;
    expect([0, 1, 2, 1000].map(sumOf)).toEqual([undefined, 60, 60, 60]);
    end(T0 + 3 * MINUTE_MS);
    expect([2, 3].map(sumOf)).toEqual([60, undefined]);
  });
});

describe('PutMetricData', () => {
  let endpoint: Endpoint | undefined;
  afterEach(() => endpoint?.close());
  const client = (url: string): CloudWatchClient =>
    new CloudWatchClient({
      endpoint: url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    });
  async function put(input: PutMetricDataCommandInput): Promise<MetricStore> {
    const store = new MetricStore();
    endpoint = await startCloudWatch(store, { now: () => T0 });
    const sdk = client(endpoint.url);
    await sdk.send(new PutMetricDataCommand(input)).finally(() => sdk.destroy());
    return store;
  }
  const Dimensions = [{ Name: 'stage', Value: 'poll' }];
  const found = (store: MetricStore, from_ms = T0): Statistics | null | undefined =>
    store.find(polls())?.between(from_ms, from_ms + MINUTE_MS);

  it('takes a value at its time, and now where no time is given', async () => {
    const Timestamp = new Date(T0 - 2 * MINUTE_MS);
    const MetricData = [
      { MetricName: 'Polls', Dimensions, Value: 4, Timestamp },
      { MetricName: 'Polls', Dimensions, Value: 6, Unit: 'Count' as const },
    ];
    const store = await put({ Namespace: 'bikelake/dev', MetricData });
    expect(found(store)).toEqual({ sum: 6, count: 1, minimum: 6, maximum: 6 });
    expect(found(store, T0 - 2 * MINUTE_MS)?.sum).toBe(4);
  });
  it('takes values with counts, and statistics', async () => {
    const StatisticValues = { SampleCount: 3, Sum: 9, Minimum: 1, Maximum: 7 };
    const MetricData = [
      { MetricName: 'Polls', Dimensions, Values: [2, 8], Counts: [5, 1] },
      { MetricName: 'Polls', Dimensions, StatisticValues },
    ];
    const store = await put({ Namespace: 'bikelake/dev', MetricData });
    expect(found(store)).toEqual({ sum: 27, count: 9, minimum: 1, maximum: 8 });
  });
  it('takes what the SDK compresses, because it is long', async () => {
    const MetricData = Array.from({ length: 900 }, () => ({ MetricName: 'Polls', Dimensions, Value: 1 }));
    const store = await put({ Namespace: 'bikelake/dev', MetricData });
    expect(found(store)?.sum).toBe(900);
  });
  it.each([
    [{ Namespace: '', MetricData: [{ MetricName: 'Polls', Value: 1 }] }, 'Namespace is required'],
    [{ Namespace: 'n', MetricData: [] }, 'MetricData is required'],
    [{ Namespace: 'n', MetricData: [{ MetricName: '', Value: 1 }] }, 'MetricData.member.1.MetricName is required'],
    [{ Namespace: 'n', MetricData: [{ MetricName: 'Polls' }] }, 'MetricData.member.1 needs Value'],
  ])('refuses %j', async (input, problem) => {
    await expect(put(input)).rejects.toThrow(problem);
  });
});

describe('what services measure of themselves', () => {
  const attribute = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
  const lambda = (name: string) => ({
    Type: 'AWS::Lambda::Function',
    Properties: {
      FunctionName: `t-${name}`,
      Handler: `${name}.handler`,
      Runtime: 'nodejs24.x',
      Timeout: 10,
      Code: { S3Key: `serverless/${name}.zip` },
    },
  });
  const S3 = { BucketARN: attribute('Lake'), CompressionFormat: 'UNCOMPRESSED' };
  const ProcessingConfiguration = {
    Enabled: true,
    Processors: [
      {
        Type: 'Lambda',
        Parameters: [
          { ParameterName: 'LambdaArn', ParameterValue: attribute('BronzeLambdaFunction') },
          { ParameterName: 'NumberOfRetries', ParameterValue: '1' },
        ],
      },
    ],
  };
  const TEMPLATE = {
    Resources: {
      Events: { Type: 'AWS::Kinesis::Stream', Properties: { Name: 't-events', ShardCount: 1 } },
      Lake: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 't-lake' } },
      BronzeLambdaFunction: lambda('bronze'),
      SilverLambdaFunction: lambda('silver'),
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          EventSourceArn: attribute('Events'),
          FunctionName: attribute('SilverLambdaFunction'),
          StartingPosition: 'TRIM_HORIZON',
          MaximumRetryAttempts: 0,
          MetricsConfig: { Metrics: ['EventCount'] },
          DestinationConfig: { OnFailure: { Destination: attribute('Lake') } },
        },
      },
      Bronze: {
        Type: 'AWS::KinesisFirehose::DeliveryStream',
        Properties: {
          DeliveryStreamName: 't-bronze',
          DeliveryStreamType: 'KinesisStreamAsSource',
          KinesisStreamSourceConfiguration: { KinesisStreamARN: attribute('Events') },
          ExtendedS3DestinationConfiguration: {
            ...S3,
            Prefix: 'bronze/',
            ErrorOutputPrefix: 'errors/',
            ProcessingConfiguration,
          },
        },
      },
      Quarantine: {
        Type: 'AWS::KinesisFirehose::DeliveryStream',
        Properties: {
          DeliveryStreamName: 't-quarantine',
          DeliveryStreamType: 'DirectPut',
          ExtendedS3DestinationConfiguration: { ...S3, Prefix: 'quarantine/' },
        },
      },
      GivenUp: {
        Type: 'AWS::CloudWatch::Alarm',
        Properties: {
          AlarmName: 't-given-up',
          Namespace: 'AWS/Lambda',
          MetricName: 'OnFailureDestinationDeliveredEventCount',
          Dimensions: [{ Name: 'EventSourceMappingUUID', Value: { Ref: 'Mapping' } }],
          Statistic: 'Sum',
          Period: 60,
          EvaluationPeriods: 1,
          Threshold: 0,
          ComparisonOperator: 'GreaterThanThreshold',
        },
      },
    },
  };
  const CODE = {
    'template.json': JSON.stringify(TEMPLATE),
    'bronze/bronze.js': `exports.handler = async ({ records }) => ({ records: records.map(({ recordId, data }) =>
      ({ recordId, data, result: Buffer.from(data, 'base64').toString() === 'bad' ? 'ProcessingFailed' : 'Ok' })) });`,
    'silver/silver.js': `exports.handler = async ({ Records }) => {
      console.log(JSON.stringify({ _aws: { Timestamp: Date.now(), CloudWatchMetrics: [{ Namespace: 't', Dimensions: [['stage']], Metrics: [{ Name: 'Seen' }] }] }, stage: 'silver', Seen: Records.length }));
      if (Records.some((r) => Buffer.from(r.kinesis.data, 'base64').toString() === 'bad')) throw new Error('bad'); };`,
  };
  const clock = new VirtualClock(T0, 0);
  let cloud: Cloud | undefined;
  afterEach(() => cloud?.close());

  it('has the names and dimensions of AWS', async () => {
    const code = folderOf(CODE);
    const started = await Cloud.start({
      template: join(code, 'template.json'),
      code: (name) => join(code, name),
      dir: temporaryFolder(),
      clock,
      faults: new ScriptedFaults().at('kinesis.PutRecords', 'throttle'),
    });
    cloud = started;
    const access = { region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
    const kinesis = new KinesisClient({ ...access, endpoint: started.endpoints.AWS_ENDPOINT_URL_KINESIS ?? '' });
    const Records = ['good', 'bad'].map((word) => ({ PartitionKey: 'k', Data: Buffer.from(word) }));
    await kinesis.send(new PutRecordsCommand({ StreamName: 't-events', Records }));
    kinesis.destroy();
    const firehose = new FirehoseClient({ ...access, endpoint: started.endpoints.AWS_ENDPOINT_URL_FIREHOSE ?? '' });
    const Record = { Data: Buffer.from('rejected') };
    await firehose.send(new PutRecordCommand({ DeliveryStreamName: 't-quarantine', Record }));
    firehose.destroy();
    clock.advanceTo(T0 + 30_000);
    await started.drain();

    const sums = (namespace: string, dimensions: Record<string, string>): Record<string, number> => {
      const ids = started.metrics.ids().filter((id) => id.namespace === namespace);
      const own = ids.filter((id) => JSON.stringify(id.dimensions) === JSON.stringify(dimensions));
      const entries = own.map(
        (id) => [id.name, started.metrics.find(id)?.between(T0, T0 + MINUTE_MS)?.sum ?? -1] as const,
      );
      return Object.fromEntries(entries.filter(([name]) => name !== 'Duration'));
    };
    await until(() => Object.keys(sums('t', { stage: 'silver' })).length > 0);
    expect(sums('t', { stage: 'silver' })).toEqual({ Seen: 2 });
    expect(sums('AWS/Kinesis', { StreamName: 't-events' })).toEqual({
      'GetRecords.Success': 120, // the mapping and the delivery stream
      'GetRecords.IteratorAgeMilliseconds': expect.any(Number),
      IncomingRecords: 2,
      IncomingBytes: 7,
      WriteProvisionedThroughputExceeded: 2, // the first put
    });
    expect(sums('AWS/Lambda', { FunctionName: 't-silver' })).toEqual({
      Invocations: 1,
      Errors: 1,
      IteratorAge: expect.any(Number),
    });
    const [mapping] = started.alarms.metric;
    const [given_up] = [...(mapping?.queries.values() ?? [])];
    const uuid = given_up?.kind === 'statistic' ? given_up.metric.dimensions : {};
    expect(sums('AWS/Lambda', uuid)).toEqual({ OnFailureDestinationDeliveredEventCount: 2 });
    expect(sums('AWS/Firehose', { DeliveryStreamName: 't-bronze' })).toEqual({
      'DataReadFromKinesisStream.Records': 2,
      'DataReadFromKinesisStream.Bytes': 7,
      'ExecuteProcessing.Success': 1,
      'SucceedProcessing.Records': 1,
      'DeliveryToS3.Success': 1,
      'DeliveryToS3.Records': 2,
      'DeliveryToS3.Bytes': expect.any(Number),
      'DeliveryToS3.DataFreshness': 30,
    });
    expect(sums('AWS/Firehose', { DeliveryStreamName: 't-quarantine' })).toEqual({
      IncomingRecords: 1,
      IncomingBytes: 8,
      'DeliveryToS3.Success': 1,
      'DeliveryToS3.Records': 1,
      'DeliveryToS3.Bytes': 8,
      'DeliveryToS3.DataFreshness': 30,
    });
    expect(sums('AWS/Logs', { LogGroupName: '/aws/lambda/t-silver' })).toEqual({ IncomingLogEvents: 2 });
    expect(started.alarms.evaluateTo(T0 + MINUTE_MS).map(({ name, to }) => [name, to])).toEqual([
      ['t-given-up', 'ALARM'],
    ]);
  });
});
