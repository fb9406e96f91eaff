import { readFileSync } from 'node:fs';
import { type MetricAlarm, toAlarm } from './aws/cloudwatch/alarm.ts';
import { type CompositeAlarm, toCompositeAlarm } from './aws/cloudwatch/alarms.ts';
import {
  DELIVERY_STREAM_HONOURED,
  type DeliveryStreamSettings,
  GLUE_TABLE_HONOURED,
  type GlueTable,
  toDeliveryStream,
  toGlueTable,
} from './aws/firehose/settings.ts';
import {
  ASYNC_HONOURED,
  type AsyncSettings,
  FUNCTION_HONOURED,
  type FunctionSettings,
  toAsyncSettings,
  toFunctionSettings,
} from './aws/lambda/settings.ts';
import { MAPPING_HONOURED, type MappingSettings, toMappingSettings } from './aws/mapping/settings.ts';
import { ACCOUNT_ID, REGION } from './aws/names.ts';
import { type BucketSettings, toExpiryRules } from './aws/s3/lifecycle.ts';
import { SCHEDULE_HONOURED, type Schedule, toSchedule } from './aws/scheduler/settings.ts';
import { nameOf } from './template/attributes.ts';
import { type Honoured, unhonoured } from './template/honoured.ts';
import { type Properties, type Resource, resolveTemplate, type Template, type Value } from './template/resolve.ts';
import { textOf } from './template/text.ts';

/** What the template defines of the things that run on this machine, and what of it can't be honoured here. */
export interface Stack {
  readonly streams: { readonly name: string; readonly shards: number; readonly retention_hours: number }[];
  readonly buckets: string[];
  /** What expires in them. */
  readonly expiry: BucketSettings[];
  /** CloudFormation properties of the tables, with their names. */
  readonly tables: Properties[];
  readonly functions: FunctionSettings[];
  readonly asynchronous: AsyncSettings[];
  readonly mappings: MappingSettings[];
  readonly glue_tables: GlueTable[];
  readonly delivery_streams: DeliveryStreamSettings[];
  readonly schedules: Schedule[];
  readonly alarms: MetricAlarm[];
  readonly composite_alarms: CompositeAlarm[];
  readonly notices: string[];
}

interface Reader {
  readonly honoured: Honoured;
  readonly read: (resource: Resource, stack: Stack) => void;
}

/** Where a deploy puts the packages. */
const DEPLOYMENT_BUCKET = 'ServerlessDeploymentBucket';

/** Each type that runs here: what of it is honoured, and where it goes. */
const READERS: Readonly<Record<string, Reader>> = {
  'AWS::Kinesis::Stream': {
    honoured: {
      Name: true,
      ShardCount: true,
      RetentionPeriodHours: true,
      StreamModeDetails: true, // on demand: four shards, as a new stream has
      StreamEncryption: true,
      DesiredShardLevelMetrics: true,
      Tags: true,
    },
    read: (resource, stack) => {
      const p = resource.properties;
      stack.streams.push({
        name: nameOf(resource),
        shards: Number(p.ShardCount ?? 4),
        retention_hours: Number(p.RetentionPeriodHours ?? 24),
      });
    },
  },
  'AWS::S3::Bucket': {
    // Objects expire. Access, encryption, versions and classes of storage are no part of what a run on one machine shows.
    honoured: true,
    read: (resource, stack) => {
      if (resource.id === DEPLOYMENT_BUCKET) return;
      const name = nameOf(resource);
      stack.buckets.push(name);
      stack.expiry.push({ name, expiry: toExpiryRules(resource.properties) });
    },
  },
  'AWS::DynamoDB::Table': {
    honoured: true,
    read: (resource, stack) => stack.tables.push({ ...resource.properties, TableName: nameOf(resource) }),
  },
  'AWS::Lambda::Function': {
    honoured: FUNCTION_HONOURED,
    read: (resource, stack) => stack.functions.push(toFunctionSettings(resource)),
  },
  'AWS::Lambda::EventInvokeConfig': {
    honoured: ASYNC_HONOURED,
    read: (resource, stack) => stack.asynchronous.push(toAsyncSettings(resource)),
  },
  'AWS::Lambda::EventSourceMapping': {
    honoured: MAPPING_HONOURED,
    read: (resource, stack) => {
      if (textOf(resource.properties.EventSourceArn).includes(':kinesis:')) {
        stack.mappings.push(toMappingSettings(resource));
      }
    },
  },
  'AWS::Glue::Table': {
    honoured: GLUE_TABLE_HONOURED,
    read: (resource, stack) => stack.glue_tables.push(toGlueTable(resource)),
  },
  'AWS::KinesisFirehose::DeliveryStream': {
    honoured: DELIVERY_STREAM_HONOURED,
    read: (resource, stack) => stack.delivery_streams.push(toDeliveryStream(resource)),
  },
  'AWS::Scheduler::Schedule': {
    honoured: SCHEDULE_HONOURED,
    read: (resource, stack) => {
      const target = resource.properties.Target as Properties;
      if (textOf(target.Arn).includes(':lambda:')) stack.schedules.push(toSchedule(resource));
    },
  },
  'AWS::CloudWatch::Alarm': {
    honoured: true,
    read: (resource, stack) => orNotice(resource, stack, () => stack.alarms.push(toAlarm(resource))),
  },
  'AWS::CloudWatch::CompositeAlarm': {
    honoured: true,
    read: (resource, stack) => orNotice(resource, stack, () => stack.composite_alarms.push(toCompositeAlarm(resource))),
  },
};

/** An alarm of another kind than is known here is left out, and told. */
function orNotice({ id }: Resource, stack: Stack, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    stack.notices.push(`${id}: ${(error as Error).message}: the alarm is left out on this machine`);
  }
}

/** Types that need nothing on this machine: who may do what, logs, names, and what AWS itself shows. */
const NEEDS_NOTHING_HERE: ReadonlySet<string> = new Set([
  'AWS::IAM::Role',
  'AWS::IAM::Policy',
  'AWS::IAM::ManagedPolicy',
  'AWS::Lambda::Permission',
  'AWS::Lambda::Version',
  'AWS::Logs::LogGroup',
  'AWS::Logs::LogStream',
  'AWS::S3::BucketPolicy',
  'AWS::Glue::Database',
  'AWS::Athena::WorkGroup',
  'AWS::Scheduler::ScheduleGroup',
  'AWS::CDK::Metadata',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SNS::Subscription',
  'AWS::Chatbot::SlackChannelConfiguration',
  'AWS::Budgets::Budget',
  'AWS::CloudWatch::Dashboard',
  'AWS::QuickSight::DataSource',
  'AWS::QuickSight::DataSet',
  'AWS::QuickSight::RefreshSchedule',
  'AWS::QuickSight::Analysis',
  'AWS::QuickSight::Dashboard',
]);

/** Reads a compiled CloudFormation template from a file. Throws with the file's name if it isn't one. */
export function readTemplate(file: string, parameters: Readonly<Record<string, Value>> = {}): Stack {
  let template: Template;
  try {
    template = JSON.parse(readFileSync(file, 'utf8')) as Template;
  } catch (cause) {
    throw new Error(`${file}: can't be read as a CloudFormation template in JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (template.Resources === undefined)
    throw new Error(`${file}: a CloudFormation template has Resources, this hasn't`);
  return toStack(template, parameters);
}

export function toStack(template: Template, parameters: Readonly<Record<string, Value>> = {}): Stack {
  const stack: Stack = {
    streams: [],
    buckets: [],
    expiry: [],
    tables: [],
    functions: [],
    asynchronous: [],
    mappings: [],
    glue_tables: [],
    delivery_streams: [],
    schedules: [],
    alarms: [],
    composite_alarms: [],
    notices: [],
  };
  const pseudo = { account_id: ACCOUNT_ID, region: REGION };
  for (const resource of resolveTemplate(template, pseudo, parameters)) {
    const reader = READERS[resource.type];
    if (reader) {
      stack.notices.push(...unhonoured(resource.properties as Value, reader.honoured, resource.id));
      reader.read(resource, stack);
    } else if (!NEEDS_NOTHING_HERE.has(resource.type)) {
      stack.notices.push(`${resource.id}: ${resource.type} is not run on this machine`);
    }
  }
  return stack;
}
