// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how CloudFormation writes its variables
import { describe, expect, it } from 'vitest';
import type { Template, Value } from '../../local/template/resolve.ts';
import { resolveTemplate } from '../../local/template/resolve.ts';
import { toStack } from '../../local/template.ts';

const PSEUDO = { account_id: '000000000000', region: 'us-east-1' };

/** What a value of a resource's property resolves to. */
function resolved(value: Value, rest: Partial<Template> = {}): Value | undefined {
  const template: Template = {
    ...rest,
    Resources: {
      Stream: { Type: 'AWS::Kinesis::Stream', Properties: { Name: 'events' } },
      Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'lake' } },
      Topic: { Type: 'AWS::SNS::Topic', Properties: {} },
      Probe: { Type: 'Test::Probe', Properties: { value } },
      ...rest.Resources,
    },
  };
  return resolveTemplate(template, PSEUDO).find(({ id }) => id === 'Probe')?.properties.value;
}

describe('intrinsic functions of a template', () => {
  it('Ref gives the name, the ARN of a topic, a parameter or a pseudo parameter', () => {
    expect(resolved({ Ref: 'Stream' })).toBe('events');
    expect(resolved({ Ref: 'Topic' })).toBe('arn:aws:sns:us-east-1:000000000000:local-topic');
    expect(resolved({ Ref: 'Stage' }, { Parameters: { Stage: { Default: 'dev' } } })).toBe('dev');
    expect(resolved({ Ref: 'AWS::AccountId' })).toBe('000000000000');
  });
  it('Fn::GetAtt gives ARNs, in both spellings', () => {
    expect(resolved({ 'Fn::GetAtt': ['Stream', 'Arn'] })).toBe('arn:aws:kinesis:us-east-1:000000000000:stream/events');
    expect(resolved({ 'Fn::GetAtt': 'Bucket.Arn' })).toBe('arn:aws:s3:::lake');
  });
  it('Fn::Sub replaces names, attributes and its own variables, and leaves ${!literals}', () => {
    expect(resolved({ 'Fn::Sub': 's3://${Bucket}/${AWS::Region}/${!dt}' })).toBe('s3://lake/us-east-1/${dt}');
    expect(resolved({ 'Fn::Sub': ['${Stream.Arn}-${n}', { n: { Ref: 'Bucket' } }] })).toBe(
      'arn:aws:kinesis:us-east-1:000000000000:stream/events-lake',
    );
  });
  it('Fn::Join, Fn::Split and Fn::Select work on lists', () => {
    expect(resolved({ 'Fn::Join': ['-', ['a', { Ref: 'Bucket' }]] })).toBe('a-lake');
    expect(resolved({ 'Fn::Select': [1, { 'Fn::Split': [',', 'x,y,z'] }] })).toBe('y');
  });
  it('conditions choose by Equals, Not, And, Or; AWS::NoValue leaves a property out', () => {
    const Conditions = {
      IsDev: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'us-east-1'] },
      Both: { 'Fn::And': [{ Condition: 'IsDev' }, { 'Fn::Not': [{ 'Fn::Equals': ['a', 'b'] }] }] },
      Neither: { 'Fn::Or': [{ 'Fn::Equals': ['a', 'b'] }, { 'Fn::Not': [{ Condition: 'Both' }] }] },
    };
    expect(resolved({ 'Fn::If': ['Both', 1, 2] }, { Conditions })).toBe(1);
    expect(resolved({ 'Fn::If': ['Neither', 1, 2] }, { Conditions })).toBe(2);
    expect(resolved({ a: { 'Fn::If': ['Neither', 1, { Ref: 'AWS::NoValue' }] }, b: 3 }, { Conditions })).toEqual({
      b: 3,
    });
  });
  it('a resource whose condition does not hold is left out', () => {
    const template: Template = {
      Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } },
      Resources: { Gone: { Type: 'AWS::S3::Bucket', Condition: 'Never' }, Kept: { Type: 'AWS::S3::Bucket' } },
    };
    expect(resolveTemplate(template, PSEUDO).map(({ id }) => id)).toEqual(['Kept']);
  });
  it('names what it cannot resolve', () => {
    expect(() => resolved({ Ref: 'Nothing' })).toThrow('no resource or parameter named Nothing');
    expect(() => resolved({ 'Fn::ImportValue': 'x' })).toThrow('Probe.Properties.value uses Fn::ImportValue');
    expect(() => resolved({ Ref: 'P' }, { Parameters: { P: {} } })).toThrow('parameter P has no default and no value');
  });
});

const MAPPING = {
  EventSourceArn: { 'Fn::GetAtt': ['Stream', 'Arn'] },
  FunctionName: { 'Fn::GetAtt': ['SilverLambdaFunction', 'Arn'] },
  StartingPosition: 'TRIM_HORIZON',
  BatchSize: 500,
  MaximumBatchingWindowInSeconds: 60,
  BisectBatchOnFunctionError: true,
  MaximumRetryAttempts: 10,
  MaximumRecordAgeInSeconds: 21_600,
  FunctionResponseTypes: ['ReportBatchItemFailures'],
  DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Bucket', 'Arn'] } } },
};

describe('what a template defines', () => {
  const template: Template = {
    Resources: {
      Stream: { Type: 'AWS::Kinesis::Stream', Properties: { Name: 'events', ShardCount: 2, RetentionPeriodHours: 48 } },
      Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'lake' } },
      ServerlessDeploymentBucket: { Type: 'AWS::S3::Bucket' },
      Role: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'r' } },
      SilverLambdaFunction: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          FunctionName: 'bikelake-dev-silver',
          Handler: 'functions/silver.handler',
          Runtime: 'nodejs24.x',
          Timeout: 120,
          MemorySize: 1024,
          Code: { S3Key: 'serverless/bikelake/dev/1-2026/silver.zip' },
          Environment: { Variables: { BUCKET_NAME: { Ref: 'Bucket' } } },
          VpcConfig: {},
        },
      },
      Mapping: { Type: 'AWS::Lambda::EventSourceMapping', Properties: { ...MAPPING, ParallelizationFactor: 4 } },
      Board: { Type: 'AWS::AppSync::GraphQLApi', Properties: {} },
    },
  };
  const stack = toStack(template);

  it('reads functions with the name of their zip', () => {
    expect(stack.functions).toEqual([
      {
        name: 'bikelake-dev-silver',
        short_name: 'silver',
        handler: 'functions/silver.handler',
        timeout_ms: 120_000,
        memory_mb: 1024,
        environment: { BUCKET_NAME: 'lake' },
        reserved: null,
      },
    ]);
  });
  it('reads streams, and buckets but the one that deploys use', () => {
    expect(stack.streams).toEqual([{ name: 'events', shards: 2, retention_hours: 48 }]);
    expect(stack.buckets).toEqual(['lake']);
  });
  it('reads an event source mapping in ms, with its failure bucket', () => {
    expect(stack.mappings[0]).toMatchObject({
      stream: 'events',
      function_name: 'bikelake-dev-silver',
      batch_size: 500,
      window_ms: 60_000,
      maximum_retry_attempts: 10,
      maximum_record_age_ms: 21_600_000,
      partial_answers: true,
      bisect: true,
      failure_bucket: 'lake',
    });
  });
  it('names unknown types and what it cannot honour, and is silent on what needs nothing here', () => {
    expect(stack.notices).toEqual([
      'SilverLambdaFunction.VpcConfig is not honoured on this machine',
      'Mapping.ParallelizationFactor: 4 is not honoured on this machine (only 1)',
      'Board: AWS::AppSync::GraphQLApi is not run on this machine',
    ]);
  });
});

describe('a delivery stream of a template', () => {
  const destination = {
    BucketARN: 'arn:aws:s3:::lake',
    Prefix: 'bronze/',
    ErrorOutputPrefix: 'errors/!{firehose:error-output-type}/',
    BufferingHints: { SizeInMBs: 128, IntervalInSeconds: 300 },
    ProcessingConfiguration: {
      Enabled: true,
      Processors: [
        {
          Type: 'Lambda',
          Parameters: [
            { ParameterName: 'LambdaArn', ParameterValue: 'arn:aws:lambda:us-east-1:000000000000:function:b:$LATEST' },
            { ParameterName: 'BufferSizeInMBs', ParameterValue: '0.2' },
            { ParameterName: 'BufferIntervalInSeconds', ParameterValue: '60' },
            { ParameterName: 'NumberOfRetries', ParameterValue: '3' },
          ],
        },
      ],
    },
    DataFormatConversionConfiguration: {
      Enabled: true,
      SchemaConfiguration: { DatabaseName: 'd', TableName: 't', RoleARN: 'r' },
      InputFormatConfiguration: {
        Deserializer: { OpenXJsonSerDe: { CaseInsensitive: false, ColumnToJsonKeyMappings: { kind: 'k' } } },
      },
      OutputFormatConfiguration: { Serializer: { ParquetSerDe: { Compression: 'GZIP' } } },
    },
  };
  it('is read with its transform and its conversion', () => {
    const { delivery_streams, notices } = toStack({
      Resources: {
        D: {
          Type: 'AWS::KinesisFirehose::DeliveryStream',
          Properties: {
            DeliveryStreamName: 'bronze',
            DeliveryStreamType: 'KinesisStreamAsSource',
            KinesisStreamSourceConfiguration: { KinesisStreamARN: 'arn:aws:kinesis:us-east-1:0:stream/events' },
            ExtendedS3DestinationConfiguration: destination,
          },
        },
      },
    });
    expect(notices).toEqual([]);
    expect(delivery_streams).toEqual([
      {
        name: 'bronze',
        source: 'events',
        bucket: 'lake',
        prefix: 'bronze/',
        error_prefix: 'errors/!{firehose:error-output-type}/',
        buffer_bytes: 134_217_728,
        buffer_ms: 300_000,
        compression: 'UNCOMPRESSED',
        transform: { function_name: 'b', buffer_bytes: 209_715.2, buffer_ms: 60_000, retries: 3 },
        conversion: { database: 'd', table: 't', case_insensitive: false, keys: { kind: 'k' }, compression: 'GZIP' },
        delimiter: '',
      },
    ]);
  });
});
