import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COLUMNS } from '../../lib/stream/columns.ts';
import { type Packaged, packageService } from './package-service.ts';

let dev: Packaged;
let prod: Packaged;
beforeAll(() => {
  const plan = fileURLToPath(new URL('fixtures/plan.json', import.meta.url));
  dev = packageService('dev', { plan });
  prod = packageService('prod', { plan, suffix: '-of-ours' });
}, 120_000);
afterAll(() => {
  dev?.remove();
  prod?.remove();
});

const resource = (id: string) => {
  const found = dev.resources[id];
  if (found === undefined) throw new Error(`the template has no ${id}`);
  return found;
};
const properties = (id: string) => resource(id).Properties;
const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

it('is these resources, and no other (those of watch: watch.test.ts)', () => {
  const types = Object.entries(dev.resources)
    .filter(([id]) => !/Alarm|Dashboard/.test(id))
    .map(([id, { Type }]) => `${Type.replace('AWS::', '')} ${id}`);
  expect(types.sort()).toEqual([
    'Athena::WorkGroup Workgroup',
    'DynamoDB::Table CheckpointTable',
    'DynamoDB::Table PollTable',
    'Glue::Database GlueDatabase',
    'Glue::Database GoldDatabase',
    'Glue::Database SilverDatabase',
    'Glue::Table BronzeTable',
    'Glue::Table LogTable',
    'Glue::Table QuarantineTable',
    'IAM::Role BronzeDeliveryRole',
    'IAM::Role BronzeRole',
    'IAM::Role OperatorRole',
    'IAM::Role PollRole',
    'IAM::Role QuarantineDeliveryRole',
    'IAM::Role SchedulerRole',
    'IAM::Role SilverRole',
    'Kinesis::Stream EventStream',
    'KinesisFirehose::DeliveryStream BronzeDeliveryStream',
    'KinesisFirehose::DeliveryStream QuarantineDeliveryStream',
    'Lambda::EventInvokeConfig PollLambdaEvConf',
    'Lambda::EventSourceMapping SilverMapping',
    'Lambda::Function BronzeLambdaFunction',
    'Lambda::Function PollLambdaFunction',
    'Lambda::Function SilverLambdaFunction',
    'Logs::LogGroup BronzeDeliveryLogs',
    'Logs::LogGroup BronzeLogGroup',
    'Logs::LogGroup PollLogGroup',
    'Logs::LogGroup QuarantineDeliveryLogs',
    'Logs::LogGroup SilverLogGroup',
    'Logs::LogStream BronzeDeliveryLogStream',
    'Logs::LogStream QuarantineDeliveryLogStream',
    'S3::Bucket LakeBucket',
    'S3::Bucket ServerlessDeploymentBucket',
    'S3::BucketPolicy LakePolicy',
    'S3::BucketPolicy ServerlessDeploymentBucketPolicy',
    'Scheduler::Schedule PollScheduleGbfs600',
    'Scheduler::Schedule PollScheduleSeoul60',
  ]);
});

describe('poll', () => {
  it('is scheduled once a group, after everything that reads the stream', () => {
    expect(resource('PollScheduleGbfs600')).toEqual({
      Type: 'AWS::Scheduler::Schedule',
      DependsOn: ['BronzeDeliveryStream', 'QuarantineDeliveryStream', 'SilverMapping', 'PollLambdaEvConf'],
      Properties: {
        Name: 'bikelake-dev-poll-gbfs-600',
        Description: 'Polls 2 systems every 600 s',
        ScheduleExpression: 'cron(0/10 * * * ? *)',
        ScheduleExpressionTimezone: 'UTC',
        FlexibleTimeWindow: { Mode: 'OFF' },
        State: 'ENABLED',
        Target: {
          Arn: arn('PollLambdaFunction'),
          RoleArn: arn('SchedulerRole'),
          Input:
            '{"scheduled_time":"<aws.scheduler.scheduled-time>","group":{"group_id":"gbfs-600","interval_s":600,"systems":[' +
            '{"system_id":"port_a","kind":"gbfs","url":"https://feeds.example/a/gbfs.json","interval_s":600,"time_zone":"Europe/Oslo","lanes":["small-1"]},' +
            '{"system_id":"port_b","kind":"gbfs","url":"https://feeds.example/b/gbfs.json","interval_s":600,"time_zone":"America/Denver","lanes":["small-1","small-1"]}]}}',
          RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
        },
      },
    });
  });

  it('is not tried again: a late retry would put newer content under an old slot', () => {
    expect(properties('PollLambdaEvConf')).toMatchObject({
      FunctionName: { Ref: 'PollLambdaFunction' },
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    });
    expect(properties('PollLambdaFunction').Timeout).toBe(55);
  });

  it('keeps one state item a group', () => {
    expect(properties('PollTable')).toMatchObject({
      TableName: 'bikelake-dev-polls',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'group_id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'group_id', AttributeType: 'S' }],
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  });
});

describe('functions', () => {
  it.each([
    [
      'poll',
      640,
      {
        STREAM_NAME: 'bikelake-dev-events',
        QUARANTINE_NAME: 'bikelake-dev-quarantine',
        POLL_TABLE: 'bikelake-dev-polls',
        SEOUL_KEY_PARAMETER: '/bikelake/dev/seoul-key',
        METRICS_NAMESPACE: 'bikelake/dev',
      },
    ],
    ['bronze', 512, undefined],
    [
      'silver',
      1024,
      {
        BUCKET_NAME: 'bikelake-dev-lake',
        CHECKPOINT_TABLE: 'bikelake-dev-checkpoints',
        METRICS_NAMESPACE: 'bikelake/dev',
      },
    ],
  ])('%s has a role and an environment of its own, by name', (name, memory_mb, environment) => {
    const id = `${name[0]?.toUpperCase()}${name.slice(1)}`;
    const { Handler, Runtime, Architectures, MemorySize, Role, Environment } = properties(`${id}LambdaFunction`);
    expect({ Handler, Runtime, Architectures, MemorySize, Role, variables: Environment?.Variables }).toEqual({
      Handler: `functions/${name}.handler`,
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: memory_mb,
      Role: arn(`${id}Role`),
      variables: environment,
    });
  });

  it.each(['poll', 'bronze', 'silver'])('%s is at most 400 KB to load', (name) => {
    expect(dev.zip_bytes(name)).toBeLessThanOrEqual(400_000);
  });

  it.each(['Poll', 'Bronze', 'Silver'])('%s logs JSON, and no line of the platform for each invocation', (id) => {
    expect(properties(`${id}LambdaFunction`).LoggingConfig).toMatchObject({
      LogFormat: 'JSON',
      ApplicationLogLevel: 'INFO',
      SystemLogLevel: 'WARN', // start and report are INFO, a success of the runtime is DEBUG
    });
  });

  it('log where `sls logs` looks, as all of AWS does', () => {
    const names = ['poll', 'bronze', 'silver'].map((name) => `/aws/lambda/bikelake-dev-${name}`);
    const groups = ['Poll', 'Bronze', 'Silver'].map((id) => properties(`${id}LogGroup`).LogGroupName);
    expect(groups).toEqual(names);
    const others = ['Poll', 'Bronze', 'Silver'].map((id) => properties(`${id}LambdaFunction`).LoggingConfig.LogGroup);
    expect(others).toEqual([undefined, undefined, undefined]);
  });

  it('keep their logs for a while', () => {
    const days = (packaged: Packaged) =>
      Object.entries(packaged.resources)
        .filter(([, { Type }]) => Type === 'AWS::Logs::LogGroup')
        .map(([, { Properties }]) => Properties.RetentionInDays);
    expect(days(dev)).toEqual([14, 14, 14, 14, 14]);
    expect(days(prod)).toEqual([90, 90, 90, 90, 90, 90, 90]); // Spark's and the state machine's as well
  });
});

it('the stream keeps records two days, encrypted', () => {
  expect(properties('EventStream')).toEqual({
    Name: 'bikelake-dev-events',
    StreamModeDetails: { StreamMode: 'PROVISIONED' },
    ShardCount: 1,
    RetentionPeriodHours: 24,
    StreamEncryption: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
  });
});

describe('bronze', () => {
  const destination = () => properties('BronzeDeliveryStream').ExtendedS3DestinationConfiguration;

  it('is delivered from the stream, by arrival, errors apart', () => {
    expect(properties('BronzeDeliveryStream')).toMatchObject({
      DeliveryStreamName: 'bikelake-dev-bronze',
      DeliveryStreamType: 'KinesisStreamAsSource',
      KinesisStreamSourceConfiguration: { KinesisStreamARN: arn('EventStream'), RoleARN: arn('BronzeDeliveryRole') },
    });
    expect(destination()).toMatchObject({
      BucketARN: arn('LakeBucket'),
      Prefix: 'bronze/events/dt=!{timestamp:yyyy-MM-dd}/hh=!{timestamp:HH}/',
      ErrorOutputPrefix: 'errors/bronze/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/hh=!{timestamp:HH}/',
      BufferingHints: { SizeInMBs: 128, IntervalInSeconds: 300 },
      CompressionFormat: 'UNCOMPRESSED',
    });
    const inProd = prod.resources.BronzeDeliveryStream?.Properties.ExtendedS3DestinationConfiguration;
    expect(inProd.BufferingHints).toEqual({ SizeInMBs: 128, IntervalInSeconds: 900 });
  });

  it('is unpacked by the function, in batches whose answer fits', () => {
    expect(destination().ProcessingConfiguration).toEqual({
      Enabled: true,
      Processors: [
        {
          Type: 'Lambda',
          Parameters: [
            { ParameterName: 'LambdaArn', ParameterValue: arn('BronzeLambdaFunction') },
            { ParameterName: 'RoleArn', ParameterValue: arn('BronzeDeliveryRole') },
            { ParameterName: 'BufferSizeInMBs', ParameterValue: '0.2' },
            { ParameterName: 'BufferIntervalInSeconds', ParameterValue: '60' },
            { ParameterName: 'NumberOfRetries', ParameterValue: '3' },
          ],
        },
      ],
    });
  });

  it('is written as Parquet by the Glue table, from one-letter keys of both cases', () => {
    const { InputFormatConfiguration, OutputFormatConfiguration, SchemaConfiguration } =
      destination().DataFormatConversionConfiguration;
    const { CaseInsensitive, ColumnToJsonKeyMappings } = InputFormatConfiguration.Deserializer.OpenXJsonSerDe;
    expect(CaseInsensitive).toBe(false);
    expect(ColumnToJsonKeyMappings).toMatchObject({
      kind: 'k',
      num_bikes_available: 'b',
      num_bikes_disabled: 'B',
      raw: 'r',
    });
    expect(Object.keys(ColumnToJsonKeyMappings)).toHaveLength(COLUMNS.length);
    expect(OutputFormatConfiguration).toEqual({ Serializer: { ParquetSerDe: { Compression: 'GZIP' } } });
    expect(SchemaConfiguration).toMatchObject({
      DatabaseName: { Ref: 'GlueDatabase' },
      TableName: { Ref: 'BronzeTable' },
    });
  });

  it('has the columns of lib/stream/columns.json, and partitions that Athena computes', () => {
    const { Name, StorageDescriptor, PartitionKeys, Parameters } = properties('BronzeTable').TableInput;
    expect(Name).toBe('events');
    const columns = StorageDescriptor.Columns.map((c: { Name: string; Type: string }) => [c.Name, c.Type]);
    expect(columns).toEqual(COLUMNS.map(({ name, type }) => [name, type]));
    expect(columns).toContainEqual(['slot_ms', 'bigint']);
    expect(PartitionKeys.map((c: { Name: string }) => c.Name)).toEqual(['dt', 'hh']);
    expect(Parameters).toMatchObject({
      'projection.enabled': 'true',
      'projection.dt.type': 'date',
      'projection.hh.range': '0,23',
      'storage.location.template': { 'Fn::Sub': `s3://\${LakeBucket}/bronze/events/dt=\${!dt}/hh=\${!hh}/` },
    });
  });

  it('keeps rejected input apart, in quarantine', () => {
    expect(properties('QuarantineDeliveryStream')).toMatchObject({
      DeliveryStreamName: 'bikelake-dev-quarantine',
      DeliveryStreamType: 'DirectPut',
      ExtendedS3DestinationConfiguration: {
        Prefix: 'quarantine/dt=!{timestamp:yyyy-MM-dd}/hh=!{timestamp:HH}/',
        ErrorOutputPrefix:
          'errors/quarantine/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/hh=!{timestamp:HH}/',
        CompressionFormat: 'GZIP',
      },
    });
  });
});

describe('silver', () => {
  it('gets batches in order, and gives a record up at last, with its payload', () => {
    expect(resource('SilverMapping').DependsOn).toEqual(['LakePolicy']);
    expect(properties('SilverMapping')).toEqual({
      EventSourceArn: arn('EventStream'),
      FunctionName: arn('SilverLambdaFunction'),
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 500,
      MaximumBatchingWindowInSeconds: 60,
      ParallelizationFactor: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 10,
      MaximumRecordAgeInSeconds: 82_800,
      DestinationConfig: { OnFailure: { Destination: arn('LakeBucket') } },
      MetricsConfig: { Metrics: ['EventCount'] },
    });
  });

  it('gives up before the stream forgets', () => {
    const { MaximumRecordAgeInSeconds } = properties('SilverMapping');
    expect(MaximumRecordAgeInSeconds).toBeLessThan(properties('EventStream').RetentionPeriodHours * 3600);
  });

  it('keeps one checkpoint a lane', () => {
    expect(properties('CheckpointTable')).toMatchObject({
      TableName: 'bikelake-dev-checkpoints',
      KeySchema: [{ AttributeName: 'lane', KeyType: 'HASH' }],
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  });
});

describe('lake', () => {
  it('is one private bucket that outlives the stack', () => {
    const { DeletionPolicy, UpdateReplacePolicy, Properties } = resource('LakeBucket');
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
    expect(Properties).toMatchObject({
      BucketName: 'bikelake-dev-lake',
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
    });
  });

  it('lets expire what can be made again, and what nobody brought back in a year', () => {
    const { Rules } = properties('LakeBucket').LifecycleConfiguration;
    const rules = Rules as Record<string, unknown>[];
    expect(rules.map(({ Status }) => Status)).toEqual(rules.map(() => 'Enabled'));
    const days = rules
      .filter((rule) => 'ExpirationInDays' in rule)
      .map(({ Prefix, TagFilters, ExpirationInDays }) => [Prefix, ExpirationInDays, TagFilters]);
    expect(days).toEqual([
      ['log/', 40, [{ Key: 'expire', Value: 'settled' }]],
      ['errors/', 365, undefined],
      ['aws/lambda/', 365, undefined],
      ['quarantine/', 365, undefined],
      ['athena-results/', 7, undefined],
    ]);
    expect(
      rules.filter((rule) => 'Transitions' in rule).map(({ Prefix, Transitions }) => [Prefix, Transitions]),
    ).toEqual([
      [
        'bronze/',
        [
          { StorageClass: 'STANDARD_IA', TransitionInDays: 30 },
          { StorageClass: 'GLACIER_IR', TransitionInDays: 120 },
        ],
      ],
    ]);
    expect(rules).toContainEqual({
      Id: 'uploads-that-were-not-completed',
      Status: 'Enabled',
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
    });
    expect(rules).toContainEqual({
      Id: 'versions-that-were-replaced',
      Status: 'Enabled',
      NoncurrentVersionExpiration: { NoncurrentDays: 30 },
      ExpiredObjectDeleteMarker: true,
    });
  });

  it('has a name of its own where names are global', () => {
    expect(prod.resources.LakeBucket?.Properties.BucketName).toBe('bikelake-prod-lake-of-ours');
    expect(prod.resources.SilverLambdaFunction?.Properties.Environment.Variables.BUCKET_NAME).toBe(
      'bikelake-prod-lake-of-ours',
    );
  });

  it('refuses plain connections everywhere, and under log/ alone a put that is not conditional, a delete, any other writer, and any other who tags', () => {
    const log = { 'Fn::Sub': `\${LakeBucket.Arn}/log/*` };
    expect(properties('LakePolicy').PolicyDocument.Statement).toEqual([
      {
        Sid: 'OnlyByTls',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: [arn('LakeBucket'), { 'Fn::Sub': `\${LakeBucket.Arn}/*` }],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
      {
        Sid: 'LogObjectsAreCreatedOnce',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:PutObject',
        Resource: log,
        Condition: { Null: { 's3:if-none-match': 'true' } },
      },
      {
        Sid: 'LogObjectsAreNotDeleted',
        Effect: 'Deny',
        Principal: '*',
        Action: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
        Resource: log,
      },
      {
        Sid: 'OnlySilverWritesTheLog',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:PutObject',
        Resource: log,
        Condition: { ArnNotEquals: { 'aws:PrincipalArn': [arn('SilverRole'), arn('OperatorRole')] } },
      },
      {
        Sid: 'OnlyTheOperatorTagsTheLog',
        Effect: 'Deny',
        Principal: '*',
        Action: [
          's3:PutObjectTagging',
          's3:PutObjectVersionTagging',
          's3:DeleteObjectTagging',
          's3:DeleteObjectVersionTagging',
        ],
        Resource: log,
        Condition: { ArnNotEquals: { 'aws:PrincipalArn': arn('OperatorRole') } },
      },
    ]);
  });
});
