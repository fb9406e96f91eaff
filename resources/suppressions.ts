/** A finding of a judge that stands, and why. */
export interface Suppression {
  readonly rule: string;
  /** Logical ids; absent: everywhere. */
  readonly resources?: readonly string[];
  readonly reason: string;
}

/**
 * Every finding that is let through, of whichever judge (`npm run validate`, `npm run judge`); cfn-lint and @aws/cloudformation-validate share the
 * names of their rules. One that nothing needs any more is an error.
 */
export const SUPPRESSIONS: readonly Suppression[] = [
  {
    rule: 'W3005',
    resources: ['PollLambdaFunction', 'BronzeLambdaFunction', 'SilverLambdaFunction'],
    reason: 'osls writes a DependsOn beside the reference to the role; it says the same thing twice and does no harm',
  },
  {
    rule: 'I1022',
    resources: ['ServerlessDeploymentBucketPolicy'],
    reason: 'osls writes the policy of its deployment bucket; a join is as good as a substitution',
  },
  {
    rule: 'I3011',
    resources: ['PollLogGroup', 'BronzeLogGroup', 'SilverLogGroup'],
    reason: 'osls makes the log groups; that they go with the stack is what is wanted',
  },
  {
    rule: 'I9001',
    reason: 'a note on every name: names are fixed on purpose, so that functions find things without references',
  },
  {
    rule: 'I9040',
    reason: 'tags are given to the stack (provider.stackTags), and CloudFormation hands them to every resource',
  },
  {
    rule: 'W9009',
    resources: ['QsStationHourly'],
    reason:
      'a map needs columns that are said to be latitude and longitude, and LogicalTableMap is the documented place for it',
  },
  {
    rule: 'CKV_AWS_158',
    reason:
      'log groups are encrypted with the key of the service; with the parameter customerKey, with the key that it names',
  },
  {
    rule: 'CKV_AWS_119',
    resources: ['PollTable', 'CheckpointTable'],
    reason:
      'tables are encrypted with the key that DynamoDB owns; with the parameter customerKey, with the key that it names',
  },
  {
    rule: 'CKV_AWS_173',
    resources: ['PollLambdaFunction', 'SilverLambdaFunction'],
    reason: 'the environment holds names and nothing secret, and Lambda encrypts it with its own key',
  },
  {
    rule: 'CKV_AWS_116',
    resources: ['PollLambdaFunction', 'BronzeLambdaFunction', 'SilverLambdaFunction'],
    reason:
      'what fails has its own place: a failed poll leaves no receipt and is counted, batches of Silver go to the bucket with their payload, Firehose keeps what bronze fails at',
  },
  {
    rule: 'CKV_AWS_117',
    resources: ['PollLambdaFunction', 'BronzeLambdaFunction', 'SilverLambdaFunction'],
    reason:
      'nothing private is reached; a VPC would need a NAT gateway ($33 a month and more) for public feeds, and endpoints for AWS',
  },
  {
    rule: 'CKV_AWS_115',
    resources: ['PollLambdaFunction', 'BronzeLambdaFunction', 'SilverLambdaFunction'],
    reason:
      'concurrency is bounded by what invokes: a schedule a group, a batch a shard, Firehose; a reservation would take from the account, whose limit may be 10 at first',
  },
  {
    rule: 'CKV_AWS_18',
    resources: ['LakeBucket', 'ServerlessDeploymentBucket'],
    reason:
      'access logs would need a third bucket and cost more than the lake; CloudTrail data events are a matter of the account',
  },
  {
    rule: 'CKV_AWS_21',
    resources: ['ServerlessDeploymentBucket'],
    reason:
      'every deploy has a folder of its own, so nothing is overwritten; versions would keep the bucket from being removed',
  },
  {
    rule: 'CKV_AWS_26',
    resources: ['AlarmTopic'],
    reason:
      'CloudWatch can publish to no topic that is encrypted with aws/sns; with the parameter customerKey the topic has that key. An alarm holds names and numbers of the pipeline',
  },
];
