import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Packaged, packageService } from './package-service.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: readonly string[];
  readonly Resource: readonly unknown[];
}

let packaged: Packaged;
beforeAll(() => {
  packaged = packageService('dev', { plan: fileURLToPath(new URL('fixtures/plan.json', import.meta.url)) });
}, 60_000);
afterAll(() => packaged?.remove());

const roles = () =>
  Object.entries(packaged.resources)
    .filter(([, { Type }]) => Type === 'AWS::IAM::Role')
    .map(([id, { Properties }]) => ({
      id,
      trusts: Properties.AssumeRolePolicyDocument.Statement[0],
      managed: Properties.ManagedPolicyArns,
      statements: Properties.Policies.flatMap(
        (p: { PolicyDocument: { Statement: Statement[] } }) => p.PolicyDocument.Statement,
      ) as Statement[],
    }));

/** A resource as text: `Id.Arn` for a GetAtt, and within a Sub; less partition, region and account. */
function text(resource: unknown): string {
  const { 'Fn::GetAtt': attribute, 'Fn::Sub': substitution } = resource as Record<string, string[] | string>;
  if (attribute !== undefined) return [attribute].flat().join('.');
  return String(substitution ?? resource)
    .replace(/\$\{(\w+\.Arn)\}/, '$1')
    .replace(/^arn:\$\{AWS::Partition\}:/, '')
    .replace(/\$\{AWS::Region\}:\$\{AWS::AccountId\}:/, '');
}

const grants = (id: string): string[] => {
  const role = roles().find((r) => r.id === id);
  if (role === undefined) throw new Error(`no role ${id}`);
  return role.statements.flatMap(({ Action, Resource }) =>
    Action.flatMap((action) => Resource.map((resource) => `${action} ${text(resource)}`)),
  );
};

/** Resources that end in a wildcard: the part below a prefix of one's own. */
const OPEN_ENDED: Readonly<Record<string, string>> = {
  'logs:log-group:/aws/lambda/bikelake-dev-poll:*': 'Lambda names the streams of the log group',
  'logs:log-group:/aws/lambda/bikelake-dev-bronze:*': 'Lambda names the streams of the log group',
  'logs:log-group:/aws/lambda/bikelake-dev-silver:*': 'Lambda names the streams of the log group',
  'LakeBucket.Arn/bronze/*': 'Firehose names the objects',
  'LakeBucket.Arn/errors/bronze/*': 'Firehose names the objects',
  'LakeBucket.Arn/quarantine/*': 'Firehose names the objects',
  'LakeBucket.Arn/errors/quarantine/*': 'Firehose names the objects',
  'LakeBucket.Arn/log/*': 'objects of the log are named by lane, date and version',
  'LakeBucket.Arn/aws/lambda/*': 'Lambda names what it gives up',
  'LakeBucket.Arn/bronze/events/*': 'files are named by what they bring back',
  'LakeBucket.Arn/config/*': 'plans, read only',
  'LakeBucket.Arn/dirty/*': 'marks are named by date and command',
  'LakeBucket.Arn/recovered/*': 'named by what was brought back',
  'LakeBucket.Arn/reloads/*': 'named by what was loaded again',
};

describe('roles', () => {
  it('name every action', () => {
    const actions = roles().flatMap((r) => r.statements.flatMap((s) => s.Action));
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
    expect(actions.length).toBeGreaterThan(30);
  });

  it('are open-ended only below a prefix of their own, where somebody else names what is in it', () => {
    const resources = roles().flatMap((r) => r.statements.flatMap((s) => s.Resource.map(text)));
    const open = [...new Set(resources.filter((resource) => resource.includes('*')))];
    expect(open.sort()).toEqual(Object.keys(OPEN_ENDED).sort());
  });

  it('hold no managed policy and no denial that hides a grant', () => {
    expect(roles().map((r) => r.managed)).toEqual(Array(7).fill(undefined));
    expect(new Set(roles().flatMap((r) => r.statements.map((s) => s.Effect)))).toEqual(new Set(['Allow']));
  });

  it('are for one service each', () => {
    const trusts = Object.fromEntries(
      roles().map(({ id, trusts: t }) => [id, [t.Principal.Service ?? t.Principal.AWS['Fn::Sub'], t.Condition]]),
    );
    const account = { Ref: 'AWS::AccountId' };
    expect(trusts).toEqual({
      SchedulerRole: ['scheduler.amazonaws.com', { StringEquals: { 'aws:SourceAccount': account } }],
      BronzeDeliveryRole: ['firehose.amazonaws.com', { StringEquals: { 'sts:ExternalId': account } }],
      QuarantineDeliveryRole: ['firehose.amazonaws.com', { StringEquals: { 'sts:ExternalId': account } }],
      PollRole: ['lambda.amazonaws.com', undefined],
      BronzeRole: ['lambda.amazonaws.com', undefined],
      SilverRole: ['lambda.amazonaws.com', undefined],
      // Who of the account may be an operator, its own policies say.
      OperatorRole: ['arn:${AWS::Partition}:iam::${AWS::AccountId}:root', undefined],
    });
  });

  it('poll writes to the stream and to quarantine, keeps its state and reads its key', () => {
    expect(grants('PollRole')).toEqual([
      'logs:CreateLogStream logs:log-group:/aws/lambda/bikelake-dev-poll:*',
      'logs:PutLogEvents logs:log-group:/aws/lambda/bikelake-dev-poll:*',
      'kinesis:PutRecords EventStream.Arn',
      'firehose:PutRecordBatch QuarantineDeliveryStream.Arn',
      'dynamodb:GetItem PollTable.Arn',
      'dynamodb:PutItem PollTable.Arn',
      'ssm:GetParameter ssm:parameter/bikelake/dev/seoul-key',
    ]);
  });

  it('bronze logs, and does nothing else', () => {
    expect(grants('BronzeRole')).toEqual([
      'logs:CreateLogStream logs:log-group:/aws/lambda/bikelake-dev-bronze:*',
      'logs:PutLogEvents logs:log-group:/aws/lambda/bikelake-dev-bronze:*',
    ]);
  });

  it('silver reads the stream, adds to the log, and can delete nothing', () => {
    expect(grants('SilverRole').slice(2)).toEqual([
      'kinesis:DescribeStream EventStream.Arn',
      'kinesis:DescribeStreamSummary EventStream.Arn',
      'kinesis:GetRecords EventStream.Arn',
      'kinesis:GetShardIterator EventStream.Arn',
      'kinesis:ListShards EventStream.Arn',
      's3:GetObject LakeBucket.Arn/log/*',
      's3:PutObject LakeBucket.Arn/log/*',
      's3:PutObject LakeBucket.Arn/aws/lambda/*',
      's3:ListBucket LakeBucket.Arn',
      'dynamodb:GetItem CheckpointTable.Arn',
      'dynamodb:PutItem CheckpointTable.Arn',
    ]);
  });

  it('the operator reads what is stuck, brings it back, and can delete nothing', () => {
    const own = grants('OperatorRole');
    expect(own.filter((grant) => /delete/i.test(grant))).toEqual([]);
    expect(own.filter((grant) => grant.startsWith('s3:PutObject '))).toEqual([
      's3:PutObject LakeBucket.Arn/log/*',
      's3:PutObject LakeBucket.Arn/dirty/*',
      's3:PutObject LakeBucket.Arn/bronze/events/*',
      's3:PutObject LakeBucket.Arn/recovered/*',
      's3:PutObject LakeBucket.Arn/reloads/*',
    ]);
    expect(own.filter((grant) => /tagging/i.test(grant))).toEqual(['s3:PutObjectTagging LakeBucket.Arn/log/*']);
  });

  it('the schedules invoke poll, and nothing else', () => {
    expect(grants('SchedulerRole')).toEqual(['lambda:InvokeFunction PollLambdaFunction.Arn']);
  });

  it('the delivery streams write below their own prefixes', () => {
    const puts = (id: string) => grants(id).filter((grant) => grant.startsWith('s3:PutObject '));
    expect(puts('BronzeDeliveryRole')).toEqual([
      's3:PutObject LakeBucket.Arn/bronze/*',
      's3:PutObject LakeBucket.Arn/errors/bronze/*',
    ]);
    expect(puts('QuarantineDeliveryRole')).toEqual([
      's3:PutObject LakeBucket.Arn/quarantine/*',
      's3:PutObject LakeBucket.Arn/errors/quarantine/*',
    ]);
  });
});
