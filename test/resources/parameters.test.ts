import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkWay } from '../../deploy/check-lake.cjs';
import { checkKey } from '../../resources/customer-key.cjs';
import { type Packaged, packageService } from './package-service.ts';

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const plan = fileURLToPath(new URL('fixtures/plan.json', import.meta.url));

let plain: Packaged;
let other: Packaged;
beforeAll(() => {
  plain = packageService('dev', { plan });
  other = packageService('dev', {
    plan,
    suffix: '-of-ours',
    lake: 'adopt',
    customerKey: KEY,
    streamMode: 'on-demand',
    retentionHours: '200',
    pollMemoryMB: '1024',
  });
}, 120_000);
afterAll(() => {
  plain?.remove();
  other?.remove();
});
const properties = (id: string) => other.resources[id]?.Properties ?? {};

describe('a stream on demand', () => {
  it('has no shards of its own, and keeps records as long as it is told', () => {
    expect(properties('EventStream')).toMatchObject({
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
      RetentionPeriodHours: 200,
    });
    expect(properties('EventStream')).not.toHaveProperty('ShardCount');
  });

  it('is read as far back as Lambda lets a mapping read', () => {
    expect(properties('SilverMapping').MaximumRecordAgeInSeconds).toBe(604_800);
  });
});

it('memory is a parameter', () => {
  expect(properties('PollLambdaFunction').MemorySize).toBe(1024);
});

describe('a lake that is adopted', () => {
  it('is not made; what a removed stage keeps is left out with it, and nothing else is missing', () => {
    const missing = Object.entries(plain.resources).filter(([id]) => !(id in other.resources));
    expect(missing.map(([id]) => id)).toContain('LakeBucket');
    expect(missing.filter(([, { DeletionPolicy }]) => !DeletionPolicy?.startsWith('Retain')).map(([id]) => id)).toEqual(
      [],
    );
    expect(Object.keys(other.resources).filter((id) => !(id in plain.resources))).toEqual([]);
  });

  it('is meant by name wherever the bucket was', () => {
    expect(JSON.stringify([other.resources, other.outputs])).not.toContain('LakeBucket');
    const arn = { 'Fn::Sub': 'arn:${AWS::Partition}:s3:::bikelake-dev-lake-of-ours' };
    expect(properties('BronzeDeliveryStream').ExtendedS3DestinationConfiguration.BucketARN).toEqual(arn);
    expect(properties('SilverMapping').DestinationConfig.OnFailure.Destination).toEqual(arn);
    expect(properties('LakePolicy').Bucket).toBe('bikelake-dev-lake-of-ours');
    expect(properties('BronzeTable').TableInput.StorageDescriptor.Location).toBe(
      's3://bikelake-dev-lake-of-ours/bronze/events/',
    );
    expect(other.outputs.LakeName).toMatchObject({ Value: 'bikelake-dev-lake-of-ours' });
  });

  it('has the whole policy of a lake that is made', () => {
    const policy = (packaged: Packaged) =>
      packaged.resources.LakePolicy?.Properties.PolicyDocument.Statement.map(
        ({ Sid, Effect, Action, Condition }: Record<string, unknown>) => [Sid, Effect, Action, Condition],
      );
    expect(policy(other)).toEqual(policy(plain));
  });
});

describe('a key of the customer', () => {
  it('encrypts everything that keeps data, and nothing is left with another', () => {
    expect(properties('EventStream').StreamEncryption).toEqual({ EncryptionType: 'KMS', KeyId: KEY });
    for (const table of ['PollTable', 'CheckpointTable']) {
      expect(properties(table).SSESpecification).toEqual({ SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: KEY });
    }
    const quarantine = properties('QuarantineDeliveryStream');
    expect(quarantine.DeliveryStreamEncryptionConfigurationInput).toEqual({
      KeyType: 'CUSTOMER_MANAGED_CMK',
      KeyARN: KEY,
    });
    for (const id of ['BronzeDeliveryStream', 'QuarantineDeliveryStream']) {
      expect(properties(id).ExtendedS3DestinationConfiguration.EncryptionConfiguration).toEqual({
        KMSEncryptionConfig: { AWSKMSKeyARN: KEY },
      });
    }
    const groups = Object.values(other.resources).filter(({ Type }) => Type === 'AWS::Logs::LogGroup');
    expect(groups.length).toBeGreaterThan(4);
    expect(groups.map(({ Properties }) => Properties.KmsKeyId)).toEqual(groups.map(() => KEY));
  });

  it('may be used by each role for what the role may do, and for nothing else', () => {
    const grants: string[] = Object.entries(other.resources)
      .filter(([id, { Type }]) => Type === 'AWS::IAM::Role' && PIPELINE.includes(id))
      .flatMap(([id, { Properties }]) =>
        Properties.Policies.filter(({ PolicyName }: { PolicyName: string }) => PolicyName === 'key').flatMap(
          (policy: { PolicyDocument: { Statement: Grant[] } }) =>
            policy.PolicyDocument.Statement.map((s) => said(id, s)),
        ),
      );
    expect(grants.toSorted((a: string, b: string) => (a < b ? -1 : 1))).toEqual([
      'BronzeDeliveryRole kinesis Decrypt',
      'BronzeDeliveryRole s3 Decrypt GenerateDataKey',
      'OperatorRole dynamodb Decrypt DescribeKey Encrypt GenerateDataKey',
      'OperatorRole kinesis Decrypt GenerateDataKey',
      'OperatorRole s3 Decrypt GenerateDataKey',
      'PollRole dynamodb Decrypt DescribeKey Encrypt GenerateDataKey',
      'PollRole kinesis GenerateDataKey',
      'PollRole ssm Decrypt',
      'QuarantineDeliveryRole s3 Decrypt GenerateDataKey',
      'SilverRole dynamodb Decrypt DescribeKey Encrypt GenerateDataKey',
      'SilverRole kinesis Decrypt',
      'SilverRole s3 Decrypt GenerateDataKey',
    ]);
  });

  it('leaves no trace where there is none', () => {
    expect(JSON.stringify(plain.resources)).not.toMatch(/kms:|KmsKeyId|KMSMasterKeyI/);
  });
});

/** Roles of poll to silver; those of gold and after have tests of their own. */
const PIPELINE = [
  'BronzeDeliveryRole',
  'BronzeRole',
  'OperatorRole',
  'PollRole',
  'QuarantineDeliveryRole',
  'SchedulerRole',
  'SilverRole',
];

interface Grant {
  readonly Action: string[];
  readonly Resource: string[];
  readonly Condition: { readonly StringEquals: { readonly 'kms:ViaService': { readonly 'Fn::Sub': string } } };
}

function said(id: string, { Action, Resource, Condition }: Grant): string {
  expect(Resource).toEqual([KEY]);
  const service = Condition.StringEquals['kms:ViaService']['Fn::Sub'].replace('.${AWS::Region}.amazonaws.com', '');
  return `${id} ${service} ${Action.map((action) => action.replace('kms:', '')).join(' ')}`;
}

/** What a file of the definition makes of a parameter. */
const made = (file: string, parameter: string, value: string) =>
  (createRequire(import.meta.url)(`../../resources/${file}`) as (context: object) => Promise<unknown>)({
    resolveVariable: async (name: string) => (name === `param:${parameter}` ? value : '1'),
  });

describe('a parameter that makes no sense is refused with what to say', () => {
  it.each([
    ['stream.cjs', 'streamMode', 'on_demand', /streamMode is "on_demand": say provisioned or on-demand/],
    ['record-age.cjs', 'retentionHours', '12', /retentionHours is 12: Kinesis keeps records 24 to 8760 hours/],
    ['record-age.cjs', 'retentionHours', 'two days', /retentionHours is NaN/],
  ])('%s: %s=%s', async (file, parameter, value, message) => {
    await expect(made(file, parameter, value)).rejects.toThrow(message);
  });

  it('lake=keep', () => {
    expect(() => checkWay('keep')).toThrow(/lake is "keep": say create, or adopt/);
  });

  it.each(['alias/ours', 'arn:aws:kms:eu-west-1:123456789012:alias/ours', '1234abcd', `${KEY}/x`])(
    'customerKey=%s',
    (key) => {
      expect(() => checkKey(key)).toThrow(/give the ARN of a KMS key/);
    },
  );
});

it('the mapping gives records up an hour before the stream forgets them, and after a week at the latest', async () => {
  const seconds = async (hours: string) =>
    ((await made('record-age.cjs', 'retentionHours', hours)) as { seconds: number }).seconds;
  expect(await Promise.all(['24', '48', '169', '8760'].map(seconds))).toEqual([82_800, 169_200, 604_800, 604_800]);
});
