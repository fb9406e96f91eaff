import { DescribeStacksCommand, paginateListStackResources, type Stack } from '@aws-sdk/client-cloudformation';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { type Resource, resolveTemplate, type Value } from '../local/template/resolve.ts';
import { type Clients, REGION } from './clients.ts';
import { compare, type Found } from './compare.ts';
import { type PackagedTemplate, type ValueOf, writtenOut } from './references.ts';

/** A stack as the server has it. */
export interface DeployedStack {
  readonly status: string;
  /** Physical ids, by logical id. */
  readonly physical: ReadonlyMap<string, string>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly account_id: string;
}

/** null where there is none (any more). */
export async function deployedStack(clients: Clients, StackName: string): Promise<DeployedStack | null> {
  const answer = await clients.cloudformation.send(new DescribeStacksCommand({ StackName })).catch((error: Error) => {
    if (error.name === 'ValidationError' || error.name === 'AmazonCloudFormationException') return null;
    throw error;
  });
  const stack = answer?.Stacks?.[0];
  if (stack === undefined || stack.StackStatus === 'DELETE_COMPLETE') return null;
  const physical = new Map<string, string>();
  for await (const page of paginateListStackResources({ client: clients.cloudformation }, { StackName })) {
    for (const { LogicalResourceId, PhysicalResourceId } of page.StackResourceSummaries ?? []) {
      if (LogicalResourceId) physical.set(LogicalResourceId, PhysicalResourceId ?? '');
    }
  }
  const { Account = '' } = await clients.sts.send(new GetCallerIdentityCommand({}));
  return {
    status: stack.StackStatus ?? '',
    physical,
    account_id: Account,
    outputs: Object.fromEntries((stack.Outputs ?? []).map((o) => [o.OutputKey ?? '', o.OutputValue ?? ''])),
    tags: tagsOf(stack),
  };
}

const tagsOf = (stack: Stack): Record<string, string> =>
  Object.fromEntries((stack.Tags ?? []).map((t) => [t.Key ?? '', t.Value ?? '']));

/** What an ARN holds behind account and region, by type, of the physical id. Types whose physical id is an ARN are not here. */
const ARN: Readonly<Record<string, (physical: string, region: string, account: string) => string>> = {
  'AWS::DynamoDB::Table': (id, region, account) => `arn:aws:dynamodb:${region}:${account}:table/${id}`,
  'AWS::IAM::Role': (id, _, account) => `arn:aws:iam::${account}:role/${id}`,
  'AWS::Kinesis::Stream': (id, region, account) => `arn:aws:kinesis:${region}:${account}:stream/${id}`,
  'AWS::KinesisFirehose::DeliveryStream': (id, region, account) =>
    `arn:aws:firehose:${region}:${account}:deliverystream/${id}`,
  'AWS::Lambda::Function': (id, region, account) => `arn:aws:lambda:${region}:${account}:function:${id}`,
  'AWS::Logs::LogGroup': (id, region, account) => `arn:aws:logs:${region}:${account}:log-group:${id}:*`,
  'AWS::S3::Bucket': (id) => `arn:aws:s3:::${id}`,
  'AWS::CloudWatch::Alarm': (id, region, account) => `arn:aws:cloudwatch:${region}:${account}:alarm:${id}`,
};

/** What references of the template give in the deployed stack. */
function valuesIn(template: PackagedTemplate, stack: DeployedStack): ValueOf {
  return (id, attribute) => {
    const physical = stack.physical.get(id);
    if (physical === undefined || attribute === null) return physical;
    if (attribute === 'Name') return physical;
    const type = template.Resources[id]?.Type ?? '';
    const arn = ARN[type]?.(physical, REGION, stack.account_id) ?? physical;
    if (attribute === 'Arn' || attribute === 'TopicArn') return arn;
    throw new Error(
      `${id}: the rehearsal doesn't know the attribute ${attribute} of ${type}: teach it to rehearse/stack.ts`,
    );
  };
}

/** The template's resources as they must be in the deployed stack: every reference is what it gives there. */
export function expectedResources(template: PackagedTemplate, stack: DeployedStack): Resource[] {
  const written = writtenOut(template as unknown as Value, valuesIn(template, stack)) as unknown as PackagedTemplate;
  return resolveTemplate(written, { account_id: stack.account_id, region: REGION });
}

/** Tags that the stack must have, and outputs, each of which must have a value: as properties of the stack. */
export function stackDifferences(
  id: string,
  { Outputs = {} }: PackagedTemplate,
  { outputs, tags }: DeployedStack,
  wanted: Readonly<Record<string, string>>,
): Found[] {
  const expected = Object.fromEntries(Object.keys(Outputs).map((name) => [name, outputs[name] || 'a value']));
  return compare(
    'AWS::CloudFormation::Stack',
    id,
    { Outputs: expected, Tags: { ...wanted } },
    { Outputs: outputs, Tags: tags },
  );
}
