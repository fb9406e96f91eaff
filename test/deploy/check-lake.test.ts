import { CloudFormationClient, DescribeStackResourceCommand } from '@aws-sdk/client-cloudformation';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect, it } from 'vitest';
import { adviceFor, checkLake } from '../../deploy/check-lake.cjs';

const s3 = mockClient(S3Client);
const cloudFormation = mockClient(CloudFormationClient);
afterEach(() => {
  s3.reset();
  cloudFormation.reset();
});

const check = (lake: string) =>
  checkLake(
    { region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } },
    { lake, lakeName: 'a-lake', accountId: '123456789012', stackName: 'bikelake-dev' },
  );
const answers = (httpStatusCode: number) =>
  s3.on(HeadBucketCommand).rejects(Object.assign(new Error('no'), { $metadata: { httpStatusCode } }));
const noSuchStack = () =>
  cloudFormation
    .on(DescribeStackResourceCommand)
    .rejects(Object.assign(new Error("Stack 'bikelake-dev' does not exist"), { name: 'ValidationError' }));

describe('before a deploy, the bucket of the lake', () => {
  it('that is nowhere is created', async () => {
    answers(404);
    await expect(check('create')).resolves.toBe(false);
  });

  it('of the stage itself is looked at with the account as its owner, and stays', async () => {
    s3.on(HeadBucketCommand).resolves({});
    cloudFormation
      .on(DescribeStackResourceCommand, { StackName: 'bikelake-dev', LogicalResourceId: 'LakeBucket' })
      .resolves({ StackResourceDetail: { ResourceStatus: 'UPDATE_COMPLETE' } as never });
    await expect(check('create')).resolves.toBe(true);
    expect(s3).toHaveReceivedCommandWith(HeadBucketCommand, { Bucket: 'a-lake', ExpectedBucketOwner: '123456789012' });
  });

  it('that a removed stage left is not created again: the message says how to adopt it', async () => {
    s3.on(HeadBucketCommand).resolves({});
    noSuchStack();
    await expect(check('create')).rejects.toThrow(/a-lake is there, and no part of the stack.*--param lake=adopt/);
    await expect(check('adopt')).resolves.toBe(true);
  });

  it('of somebody else stops the deploy, with a name of its own as the remedy', async () => {
    answers(403);
    await expect(check('create')).rejects.toThrow(/a-lake belongs to another account.*BIKELAKE_SUFFIX/);
    await expect(check('adopt')).rejects.toThrow(/belongs to another account/);
  });

  it('that is not there is not adopted', async () => {
    answers(404);
    await expect(check('adopt')).rejects.toThrow(/not there to be adopted: deploy with --param lake=create/);
  });

  it('that S3 says nothing about is an error, not a guess', async () => {
    answers(503);
    await expect(check('create')).rejects.toThrow(/a-lake can't be looked at: no/);
  });
});

it('of all that may be, these are let through', () => {
  const free = (['create', 'adopt'] as const).flatMap((way) =>
    (['ours', 'none', 'foreign'] as const).flatMap((bucket) =>
      [true, false].filter((ofStack) => adviceFor(way, bucket, ofStack) === null).map((of) => `${way} ${bucket} ${of}`),
    ),
  );
  expect(free).toEqual([
    'create ours true',
    'create none true',
    'create none false',
    'adopt ours true',
    'adopt ours false',
  ]);
});
