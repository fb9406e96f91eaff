import type { Properties } from '../local/template/resolve.ts';
import type { KnownDifference } from './judge.ts';
import type { ServerName } from './servers.ts';

/** A type that a server makes nothing of: its resources are left out of what is deployed to it. */
export interface LeftOut {
  readonly type: string;
  /** Only those for which this holds. */
  readonly only?: (properties: Properties) => boolean;
  readonly why: string;
}

export interface ServerDifferences {
  readonly left_out: readonly LeftOut[];
  readonly properties: readonly KnownDifference[];
  /** Types that an update destroys: their resources keep the settings of the first deploy. */
  readonly not_updated: readonly { readonly type: string; readonly why: string }[];
  /** What is left behind by a removal although the template doesn't retain it. */
  readonly left_behind: readonly { readonly what: RegExp; readonly why: string }[];
}

const REFUSED = 'refused by name: "Unrecognized resource types"';
const PASSED_OVER = 'called created, and nothing is made';
const refused = (...types: string[]): LeftOut[] => types.map((type) => ({ type, why: REFUSED }));
const passedOver = (...types: string[]): LeftOut[] => types.map((type) => ({ type, why: PASSED_OVER }));

const QUICKSIGHT = ['DataSource', 'DataSet', 'RefreshSchedule', 'Analysis', 'Dashboard'].map(
  (t) => `AWS::QuickSight::${t}`,
);

export const DIFFERENCES: Readonly<Record<ServerName, ServerDifferences>> = {
  ministack: {
    left_out: [
      ...refused('AWS::EMRServerless::Application', ...QUICKSIGHT),
      ...refused('AWS::CloudWatch::CompositeAlarm', 'AWS::Chatbot::SlackChannelConfiguration', 'AWS::Budgets::Budget'),
      {
        type: 'AWS::CloudWatch::Alarm',
        only: ({ Metrics }) => Metrics !== undefined,
        why: 'refused: "metric math is not supported"',
      },
    ],
    properties: [
      {
        type: 'AWS::DynamoDB::Table',
        property: 'PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled',
        shows: 'false',
        why: 'recovery is dropped',
      },
      { type: 'AWS::Kinesis::Stream', property: 'StreamEncryption.*', shows: null, why: 'encryption is dropped' },
      {
        type: 'AWS::Kinesis::Stream',
        property: 'ShardCount',
        shows: '1',
        why: 'an update leaves the shards as they are',
      },
      {
        type: 'AWS::Lambda::EventSourceMapping',
        property: 'MetricsConfig.**',
        shows: null,
        why: 'metrics are dropped',
      },
      { type: 'AWS::S3::Bucket', property: 'LifecycleConfiguration.**', shows: null, why: 'the life cycle is dropped' },
      {
        type: 'AWS::StepFunctions::StateMachine',
        property: 'LoggingConfiguration.**',
        shows: null,
        why: 'logging is dropped',
      },
      {
        type: 'AWS::StepFunctions::StateMachine',
        property: 'TracingConfiguration.**',
        shows: null,
        why: 'tracing is dropped',
      },
    ],
    not_updated: [],
    left_behind: [],
  },
  moto: {
    left_out: [
      ...passedOver('AWS::Scheduler::Schedule', 'AWS::Lambda::EventInvokeConfig'),
      ...passedOver('AWS::KinesisFirehose::DeliveryStream', 'AWS::Glue::Database', 'AWS::Glue::Table'),
      ...passedOver('AWS::S3::BucketPolicy', 'AWS::Logs::LogStream'),
      ...passedOver('AWS::EMRServerless::Application', 'AWS::Athena::WorkGroup', ...QUICKSIGHT),
      ...passedOver('AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm', 'AWS::Budgets::Budget'),
      ...passedOver('AWS::SNS::Subscription', 'AWS::SNS::TopicPolicy', 'AWS::Chatbot::SlackChannelConfiguration'),
    ],
    properties: [
      {
        type: 'AWS::CloudFormation::Stack',
        property: 'Outputs.*',
        shows: null,
        why: 'a change set, by which osls deploys, makes no outputs',
      },
      {
        type: 'AWS::DynamoDB::Table',
        property: 'PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled',
        shows: 'false',
        why: 'recovery is dropped',
      },
      {
        type: 'AWS::IAM::Role',
        property: 'Policies.*.PolicyDocument.**',
        shows: null,
        why: "a role's own policy is shown in the notation of Python, which is no JSON",
      },
      { type: 'AWS::Kinesis::Stream', property: 'StreamEncryption.*', shows: null, why: 'encryption is dropped' },
      {
        type: 'AWS::Lambda::Function',
        property: 'Architectures.*',
        shows: 'x86_64',
        why: 'the architecture is dropped',
      },
      { type: 'AWS::Lambda::Function', property: 'LoggingConfig.*', shows: null, why: 'logging is dropped' },
      { type: 'AWS::S3::Bucket', property: 'LifecycleConfiguration.**', shows: null, why: 'the life cycle is dropped' },
      { type: 'AWS::S3::Bucket', property: 'OwnershipControls.**', shows: null, why: 'ownership is dropped' },
      {
        type: 'AWS::S3::Bucket',
        property: 'PublicAccessBlockConfiguration.*',
        shows: null,
        why: 'the block of public access is dropped',
      },
      { type: 'AWS::S3::Bucket', property: 'VersioningConfiguration.*', shows: null, why: 'versioning is dropped' },
      {
        type: 'AWS::StepFunctions::StateMachine',
        property: 'Definition.**',
        shows: /^\$\{\w+\}$/,
        why: 'a definition is not filled in (DefinitionSubstitutions)',
      },
      {
        type: 'AWS::StepFunctions::StateMachine',
        property: 'LoggingConfiguration.Level',
        shows: 'OFF',
        why: 'logging is dropped',
      },
      {
        type: 'AWS::StepFunctions::StateMachine',
        property: 'LoggingConfiguration.IncludeExecutionData',
        shows: null,
        why: 'logging is dropped',
      },
      {
        type: 'AWS::StepFunctions::StateMachine',
        property: 'LoggingConfiguration.Destinations.**',
        shows: null,
        why: 'logging is dropped',
      },
    ],
    not_updated: [{ type: 'AWS::Logs::LogGroup', why: 'an update removes the group, and references to it fail' }],
    left_behind: [],
  },
};
