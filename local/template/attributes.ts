import { uuidOf } from '../aws/mapping/uuid.ts';
import { ACCOUNT_ID, arnOf } from '../aws/names.ts';
import type { Resource, Value } from './resolve.ts';

/** The name of the one stack of the embedded AWS. */
export const STACK_NAME = 'local';

/** How a type is named and referred to: which property holds its name, what its ARN is, and what Ref gives (the name, if not told). */
interface Naming {
  readonly name: string;
  readonly arn: (name: string) => string;
  readonly ref?: 'arn';
}

const NAMING: Readonly<Record<string, Naming>> = {
  'AWS::S3::Bucket': { name: 'BucketName', arn: (n) => `arn:aws:s3:::${n}` },
  'AWS::Kinesis::Stream': { name: 'Name', arn: (n) => arnOf('kinesis', `stream/${n}`) },
  'AWS::KinesisFirehose::DeliveryStream': {
    name: 'DeliveryStreamName',
    arn: (n) => arnOf('firehose', `deliverystream/${n}`),
  },
  'AWS::DynamoDB::Table': { name: 'TableName', arn: (n) => arnOf('dynamodb', `table/${n}`) },
  'AWS::Lambda::Function': { name: 'FunctionName', arn: (n) => arnOf('lambda', `function:${n}`) },
  'AWS::Glue::Database': { name: 'DatabaseInput.Name', arn: (n) => arnOf('glue', `database/${n}`) },
  'AWS::Glue::Table': { name: 'TableInput.Name', arn: (n) => arnOf('glue', `table/${n}`) },
  'AWS::IAM::Role': { name: 'RoleName', arn: (n) => `arn:aws:iam::${ACCOUNT_ID}:role/${n}` },
  'AWS::Logs::LogGroup': { name: 'LogGroupName', arn: (n) => arnOf('logs', `log-group:${n}:*`) },
  'AWS::Logs::LogStream': { name: 'LogStreamName', arn: (n) => arnOf('logs', `log-stream:${n}`) },
  'AWS::Scheduler::Schedule': { name: 'Name', arn: (n) => arnOf('scheduler', `schedule/default/${n}`) },
  'AWS::Scheduler::ScheduleGroup': { name: 'Name', arn: (n) => arnOf('scheduler', `schedule-group/${n}`) },
  'AWS::CloudWatch::Alarm': { name: 'AlarmName', arn: (n) => arnOf('cloudwatch', `alarm:${n}`) },
  'AWS::CloudWatch::CompositeAlarm': { name: 'AlarmName', arn: (n) => arnOf('cloudwatch', `alarm:${n}`) },
  'AWS::StepFunctions::StateMachine': {
    name: 'StateMachineName',
    arn: (n) => arnOf('states', `stateMachine:${n}`),
    ref: 'arn',
  },
  'AWS::SNS::Topic': { name: 'TopicName', arn: (n) => arnOf('sns', n), ref: 'arn' },
  'AWS::SQS::Queue': { name: 'QueueName', arn: (n) => arnOf('sqs', n) },
  'AWS::SSM::Parameter': { name: 'Name', arn: (n) => arnOf('ssm', `parameter/${n}`) },
};

/** The physical name: as the template gives it, else made of the stack and the logical id. */
export function nameOf(resource: Resource): string {
  const path = NAMING[resource.type]?.name.split('.') ?? [];
  let value: Value | undefined = resource.properties as Value;
  for (const step of path) value = (value as Record<string, Value> | undefined)?.[step];
  return typeof value === 'string' ? value : `${STACK_NAME}-${resource.id}`.toLowerCase();
}

export function referenceOf(resource: Resource): string {
  if (resource.type === 'AWS::Lambda::EventSourceMapping') return uuidOf(resource.id);
  const name = nameOf(resource);
  const naming = NAMING[resource.type];
  return naming?.ref === 'arn' ? naming.arn(name) : name;
}

/** Fn::GetAtt. Attributes of types that nothing here runs are made up of the name, so that roles and alarms resolve. */
export function attributeOf(resource: Resource, attribute: string): string {
  const name = nameOf(resource);
  const naming = NAMING[resource.type];
  if (attribute === 'Name' && naming) return name;
  if (attribute === 'Arn' || attribute === 'TopicArn') {
    return naming ? naming.arn(name) : arnOf(serviceOf(resource.type), name);
  }
  return `${name}.${attribute}`;
}

/** `AWS::EMRServerless::Application` → `emrserverless` */
const serviceOf = (type: string): string => (type.split('::')[1] ?? 'unknown').toLowerCase();
