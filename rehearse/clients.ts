import { AthenaClient } from '@aws-sdk/client-athena';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { FirehoseClient } from '@aws-sdk/client-firehose';
import { GlueClient } from '@aws-sdk/client-glue';
import { IAMClient } from '@aws-sdk/client-iam';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { FatalError } from '../lib/errors.ts';

/** Where the stack is rehearsed; the project's default, so that nothing but the account differs. */
export const REGION = 'ap-northeast-2';
/** Credentials that open nothing. */
export const ACCESS = { accessKeyId: 'rehearsal', secretAccessKey: 'rehearsal' };

export type Clients = ReturnType<typeof clientsOf>;

/** Throws FatalError `not_loopback` for a URL that isn't on this machine: a rehearsal never speaks to AWS. */
export function loopback(url: string): string {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'http:' && hostname === '127.0.0.1') return url;
  throw new FatalError('local', 'not_loopback', `${url} is not on this machine: a rehearsal deploys to nothing else`);
}

export function clientsOf(url: string) {
  const common = { region: REGION, credentials: ACCESS, endpoint: loopback(url) };
  return {
    athena: new AthenaClient(common),
    cloudformation: new CloudFormationClient(common),
    cloudwatch: new CloudWatchClient(common),
    dynamodb: new DynamoDBClient(common),
    firehose: new FirehoseClient(common),
    glue: new GlueClient(common),
    iam: new IAMClient(common),
    // The servers speak HTTP/1.1 only; the client's default for Kinesis is HTTP/2.
    kinesis: new KinesisClient({ ...common, requestHandler: new NodeHttpHandler() }),
    lambda: new LambdaClient({ ...common, requestHandler: new NodeHttpHandler({ requestTimeout: 120_000 }) }),
    logs: new CloudWatchLogsClient(common),
    s3: new S3Client({ ...common, forcePathStyle: true }),
    scheduler: new SchedulerClient(common),
    sfn: new SFNClient(common),
    sns: new SNSClient(common),
    ssm: new SSMClient(common),
    sts: new STSClient(common),
  };
}

export function destroyAll(clients: Clients): void {
  for (const client of Object.values(clients)) client.destroy();
}
