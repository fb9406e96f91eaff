import { describe, expect, test } from 'vitest';
import { remaining } from '../../rehearse/left-out.ts';
import { type PackagedTemplate, writtenOut } from '../../rehearse/references.ts';
import { changedProperties } from '../../rehearse/settings.ts';
import { expectedResources, stackDifferences } from '../../rehearse/stack.ts';

const TEMPLATE: PackagedTemplate = {
  Resources: {
    Lake: { Type: 'AWS::S3::Bucket', DeletionPolicy: 'Retain', Properties: { BucketName: 'lake' } },
    Policy: { Type: 'AWS::S3::BucketPolicy', Properties: { Bucket: { Ref: 'Lake' } } },
    Delivery: {
      Type: 'AWS::KinesisFirehose::DeliveryStream',
      DependsOn: 'Policy',
      Properties: { DeliveryStreamName: 'bronze', BucketARN: { 'Fn::GetAtt': ['Lake', 'Arn'] } },
    },
    Role: {
      Type: 'AWS::IAM::Role',
      DependsOn: ['Delivery', 'Lake'],
      Properties: {
        Resources: [
          { 'Fn::GetAtt': ['Delivery', 'Arn'] },
          { 'Fn::GetAtt': 'Lake.Arn' },
          { 'Fn::Sub': ['${Lake.Arn}/${part}/*', { part: { Ref: 'Delivery' } }] },
          { 'Fn::Sub': 'arn:${AWS::Partition}:x:${AWS::Region}:${AWS::AccountId}:${!literal}' },
        ],
      },
    },
  },
  Outputs: { Delivery: { Value: { Ref: 'Delivery' } } },
};

const STACK = {
  status: 'CREATE_COMPLETE',
  account_id: '123456789012',
  outputs: {},
  tags: {},
  physical: new Map([
    ['Lake', 'lake'],
    ['Policy', 'lake'],
    ['Delivery', 'bronze'],
    ['Role', 'stack-Role-1X'],
  ]),
};

describe('what a server makes nothing of is left out', () => {
  const { template, left_out } = remaining(TEMPLATE, [{ type: 'AWS::KinesisFirehose::DeliveryStream', why: '' }]);

  test('by name', () => {
    expect(left_out).toEqual([{ id: 'Delivery', type: 'AWS::KinesisFirehose::DeliveryStream' }]);
    expect(Object.keys(template.Resources)).toEqual(['Lake', 'Policy', 'Role']);
  });

  test('nothing refers to it or waits for it any more; other references stay', () => {
    expect(template.Resources.Role).toEqual({
      Type: 'AWS::IAM::Role',
      DependsOn: ['Lake'],
      Properties: {
        Resources: [
          'arn:aws:firehose:us-east-1:000000000000:deliverystream/bronze',
          { 'Fn::GetAtt': 'Lake.Arn' },
          { 'Fn::Sub': ['${Lake.Arn}/${part}/*', { part: 'bronze' }] },
          { 'Fn::Sub': 'arn:${AWS::Partition}:x:${AWS::Region}:${AWS::AccountId}:${!literal}' },
        ],
      },
    });
    expect(template.Outputs).toEqual({ Delivery: { Value: 'bronze' } });
    expect(template.Resources.Lake).toEqual(TEMPLATE.Resources.Lake);
  });

  test('only where the condition holds', () => {
    const only = {
      type: 'AWS::S3::Bucket',
      only: ({ BucketName }: { BucketName?: unknown }) => BucketName === 'other',
      why: '',
    };
    expect(remaining(TEMPLATE, [only]).left_out).toEqual([]);
  });
});

test('references are what the deployed stack has', () => {
  const [, policy, delivery, role] = expectedResources(TEMPLATE, STACK);
  expect(policy?.properties).toEqual({ Bucket: 'lake' });
  expect(delivery?.properties.BucketARN).toBe('arn:aws:s3:::lake');
  expect(role?.properties.Resources).toEqual([
    'arn:aws:firehose:ap-northeast-2:123456789012:deliverystream/bronze',
    'arn:aws:s3:::lake',
    'arn:aws:s3:::lake/bronze/*',
    'arn:aws:x:ap-northeast-2:123456789012:${literal}',
  ]);
});

test('what is not known stays a reference', () => {
  const value = { 'Fn::Join': ['', [{ Ref: 'Other' }, { 'Fn::Sub': '${Other}' }]] };
  expect(writtenOut(value, () => undefined)).toEqual(value);
});

test('a change is found by its property', () => {
  const after = structuredClone(TEMPLATE);
  after.Resources.Delivery = {
    Type: 'AWS::KinesisFirehose::DeliveryStream',
    Properties: { DeliveryStreamName: 'other' },
  };
  expect([...changedProperties(TEMPLATE, after)].sort()).toEqual([
    'Delivery.BucketARN.Fn::GetAtt.0',
    'Delivery.BucketARN.Fn::GetAtt.1',
    'Delivery.DeliveryStreamName',
  ]);
});

test('a stack without an output or with another tag differs', () => {
  const wanted = { stage: 'rehearsal' };
  const good = { ...STACK, outputs: { Delivery: 'bronze' }, tags: { stage: 'rehearsal', more: 'x' } };
  expect(stackDifferences('stack', TEMPLATE, good, wanted)).toEqual([]);
  const bad = { ...STACK, outputs: { Delivery: '' }, tags: { stage: 'dev' } };
  expect(stackDifferences('stack', TEMPLATE, bad, wanted).map(({ property }) => property)).toEqual([
    'Outputs.Delivery',
    'Tags.stage',
  ]);
});
