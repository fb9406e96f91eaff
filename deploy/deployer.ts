/**
 * `node deploy/deployer.ts`: writes deploy/deployer-*.json, the IAM policies of who deploys: what CloudFormation does in their name for each type of
 * the template, what `sls` itself does, and no more. Every name of this service begins with `bikelake-`; where AWS knows no name to grant
 * by, the statement says so.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface Policy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** What IAM takes as a managed policy, in characters that are not white space. */
export const POLICY_LIMIT = 6144;

const arn = (service: string, ...resources: string[]): string[] => resources.map((r) => `arn:aws:${service}:*:*:${r}`);
const all = (service: string, actions: string): string[] => actions.split(' ').map((action) => `${service}:${action}`);
const allow = (
  Sid: string,
  Action: readonly string[],
  Resource: readonly string[],
  Condition?: Statement['Condition'],
): Statement => ({ Sid, Effect: 'Allow', Action, Resource, ...(Condition && { Condition }) });

/** Services that the template's roles are for: to no other may the deployer hand one. */
const ROLES_ARE_FOR = ['emr-serverless', 'firehose', 'lambda', 'quicksight', 'scheduler', 'states', 'chatbot'];
/** What AWS names by an id of its own is known by the stack's tag instead. */
const TAGGED = { StringEquals: { 'aws:ResourceTag/service': 'bikelake' } };
const TO_BE_TAGGED = { StringEquals: { 'aws:RequestTag/service': 'bikelake' } };

const PIPELINE: readonly Statement[] = [
  allow(
    'Stack',
    all(
      'cloudformation',
      'CreateChangeSet CreateStack DeleteChangeSet DeleteStack DescribeChangeSet DescribeStackEvents DescribeStackResource DescribeStackResources DescribeStacks ExecuteChangeSet GetTemplate ListStackResources SetStackPolicy UpdateStack',
    ),
    arn('cloudformation', 'stack/bikelake-*/*'),
  ),
  // A template is no resource, nor is a caller.
  allow('Any', ['cloudformation:ValidateTemplate', 'sts:GetCallerIdentity'], ['*']),
  allow(
    'Buckets',
    all(
      's3',
      'CreateBucket DeleteBucket DeleteBucketPolicy GetBucketAcl GetBucketLocation GetBucketOwnershipControls GetBucketPolicy GetBucketPublicAccessBlock GetBucketTagging GetBucketVersioning GetEncryptionConfiguration GetLifecycleConfiguration ListBucket ListTagsForResource PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning PutEncryptionConfiguration PutLifecycleConfiguration TagResource UntagResource',
    ),
    ['arn:aws:s3:::bikelake-*'],
  ),
  allow('Packages', all('s3', 'DeleteObject GetObject GetObjectVersion PutObject'), [
    'arn:aws:s3:::bikelake-*/serverless/*',
  ]),
  allow('PlanAndJobs', all('s3', 'GetObject PutObject'), [
    'arn:aws:s3:::bikelake-*/config/*',
    'arn:aws:s3:::bikelake-*/jobs/*',
  ]),
  allow(
    'Roles',
    all(
      'iam',
      'AttachRolePolicy CreateRole DeleteRole DeleteRolePolicy DetachRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies ListRolePolicies PutRolePolicy TagRole UntagRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription',
    ),
    ['arn:aws:iam::*:role/bikelake-*'],
  ),
  allow('RolesForServices', ['iam:PassRole'], ['arn:aws:iam::*:role/bikelake-*'], {
    StringEquals: { 'iam:PassedToService': ROLES_ARE_FOR.map((service) => `${service}.amazonaws.com`) },
  }),
  allow(
    'Stream',
    all(
      'kinesis',
      'AddTagsToStream CreateStream DecreaseStreamRetentionPeriod DeleteStream DescribeStreamSummary IncreaseStreamRetentionPeriod ListTagsForResource ListTagsForStream RemoveTagsFromStream StartStreamEncryption StopStreamEncryption TagResource UntagResource UpdateShardCount UpdateStreamMode',
    ),
    arn('kinesis', 'stream/bikelake-*'),
  ),
  allow(
    'Delivery',
    all(
      'firehose',
      'CreateDeliveryStream DeleteDeliveryStream DescribeDeliveryStream ListTagsForDeliveryStream StartDeliveryStreamEncryption StopDeliveryStreamEncryption TagDeliveryStream UntagDeliveryStream UpdateDestination',
    ),
    arn('firehose', 'deliverystream/bikelake-*'),
  ),
  allow(
    'Functions',
    all(
      'lambda',
      'CreateFunction DeleteFunction DeleteFunctionConcurrency DeleteFunctionEventInvokeConfig GetFunction GetFunctionCodeSigningConfig GetFunctionConfiguration GetFunctionEventInvokeConfig GetFunctionRecursionConfig GetFunctionScalingConfig GetRuntimeManagementConfig InvokeFunction ListTags ListVersionsByFunction PutFunctionEventInvokeConfig TagResource UntagResource UpdateFunctionCode UpdateFunctionConfiguration UpdateFunctionEventInvokeConfig',
    ),
    arn('lambda', 'function:bikelake-*'),
  ),
  // A mapping has an id of AWS's; it is known by its function.
  allow('Mapping', all('lambda', 'CreateEventSourceMapping DeleteEventSourceMapping UpdateEventSourceMapping'), ['*'], {
    ArnLike: { 'lambda:FunctionArn': 'arn:aws:lambda:*:*:function:bikelake-*' },
  }),
  allow(
    'MappingRead',
    all('lambda', 'GetEventSourceMapping ListTags TagResource UntagResource'),
    arn('lambda', 'event-source-mapping:*'),
  ),
  allow(
    'Tables',
    all(
      'dynamodb',
      'CreateTable DeleteTable DescribeContinuousBackups DescribeContributorInsights DescribeKinesisStreamingDestination DescribeTable DescribeTimeToLive GetResourcePolicy ListTagsOfResource TagResource UntagResource UpdateContinuousBackups UpdateTable UpdateTimeToLive',
    ),
    arn('dynamodb', 'table/bikelake-*'),
  ),
  allow(
    'Schedules',
    all('scheduler', 'CreateSchedule DeleteSchedule GetSchedule UpdateSchedule'),
    arn('scheduler', 'schedule/default/bikelake-*'),
  ),
  allow(
    'Catalog',
    all(
      'glue',
      'CreateDatabase CreateTable DeleteDatabase DeleteTable GetDatabase GetTable UpdateDatabase UpdateTable',
    ),
    arn('glue', 'catalog', 'database/bikelake_*', 'table/bikelake_*/*'),
  ),
  allow(
    'Logs',
    all(
      'logs',
      'CreateLogGroup CreateLogStream DeleteLogGroup DeleteLogStream DeleteRetentionPolicy DescribeLogStreams DescribeIndexPolicies FilterLogEvents GetDataProtectionPolicy ListTagsForResource PutRetentionPolicy TagResource UntagResource',
    ),
    arn(
      'logs',
      ...['lambda', 'kinesisfirehose', 'emr-serverless', 'vendedlogs/states'].map(
        (of) => `log-group:/aws/${of}/bikelake-*`,
      ),
    ),
  ),
  // Both list, and AWS lets nobody list by name.
  allow('LogLists', all('logs', 'DescribeLogGroups DescribeResourcePolicies'), ['*']),
];

const GOLD: readonly Statement[] = [
  // An application has an id of AWS's; it is known by its tag.
  allow('NewApplication', ['emr-serverless:CreateApplication'], ['*'], TO_BE_TAGGED),
  allow(
    'Application',
    all('emr-serverless', 'DeleteApplication GetApplication StopApplication UntagResource UpdateApplication'),
    arn('emr-serverless', '/applications/*'),
    TAGGED,
  ),
  allow('ApplicationTags', ['emr-serverless:TagResource'], arn('emr-serverless', '/applications/*'), TO_BE_TAGGED),
  allow(
    'RoleOfEmr',
    ['iam:CreateServiceLinkedRole'],
    ['arn:aws:iam::*:role/aws-service-role/ops.emr-serverless.amazonaws.com/*'],
    {
      StringEquals: { 'iam:AWSServiceName': 'ops.emr-serverless.amazonaws.com' },
    },
  ),
  allow(
    'Machine',
    all(
      'states',
      'CreateStateMachine DeleteStateMachine DescribeStateMachine ListTagsForResource TagResource UntagResource UpdateStateMachine',
    ),
    arn('states', 'stateMachine:bikelake-*'),
  ),
  allow(
    'Queries',
    all(
      'athena',
      'CreateWorkGroup DeleteWorkGroup GetWorkGroup ListTagsForResource TagResource UntagResource UpdateWorkGroup',
    ),
    arn('athena', 'workgroup/bikelake-*'),
  ),
];

const WATCH: readonly Statement[] = [
  allow(
    'Alarms',
    all(
      'cloudwatch',
      'DeleteAlarms DescribeAlarms ListTagsForResource PutCompositeAlarm PutMetricAlarm TagResource UntagResource',
    ),
    arn('cloudwatch', 'alarm:bikelake-*'),
  ),
  // A composite alarm is described with all alarms beside it: AWS wants the right to list.
  allow('AlarmLists', ['cloudwatch:DescribeAlarms'], arn('cloudwatch', 'alarm:*')),
  allow(
    'Dashboard',
    all('cloudwatch', 'DeleteDashboards GetDashboard ListTagsForResource PutDashboard TagResource UntagResource'),
    ['arn:aws:cloudwatch::*:dashboard/bikelake-*'],
  ),
  // `sls info` and `sls metrics` read metrics, which have no name to grant by.
  allow('Metrics', ['cloudwatch:GetMetricStatistics'], ['*']),
  allow(
    'Topic',
    all(
      'sns',
      'CreateTopic DeleteTopic GetDataProtectionPolicy GetSubscriptionAttributes GetTopicAttributes ListSubscriptionsByTopic ListTagsForResource SetSubscriptionAttributes SetTopicAttributes Subscribe TagResource Unsubscribe UntagResource',
    ),
    arn('sns', 'bikelake-*'),
  ),
  allow('Budget', all('budgets', 'ListTagsForResource ModifyBudget TagResource UntagResource ViewBudget'), [
    'arn:aws:budgets::*:budget/bikelake-*',
  ]),
  // The view of all costs of the account: a budget is a filter of it.
  allow('BudgetView', ['billing:GetBillingViewData'], ['arn:aws:billing::*:billingview/*']),
  // Slack's actions are of the account: AWS knows no name for them until the channel is there.
  allow(
    'Slack',
    all(
      'chatbot',
      'AssociateToConfiguration CreateSlackChannelConfiguration DeleteSlackChannelConfiguration DescribeSlackChannelConfigurations DisassociateFromConfiguration ListAssociations ListTagsForResource TagResource UntagResource UpdateSlackChannelConfiguration',
    ),
    ['*'],
  ),
  allow(
    'RoleOfSlack',
    ['iam:CreateServiceLinkedRole'],
    ['arn:aws:iam::*:role/aws-service-role/management.chatbot.amazonaws.com/*'],
    {
      StringEquals: { 'iam:AWSServiceName': 'management.chatbot.amazonaws.com' },
    },
  ),
];

const QUICKSIGHT: readonly Statement[] = [
  allow(
    'QuickSight',
    all(
      'quicksight',
      'CancelIngestion CreateAnalysis CreateDashboard CreateDataSet CreateDataSource CreateIngestion CreateRefreshSchedule DeleteAnalysis DeleteDashboard DeleteDataSet DeleteDataSetRefreshProperties DeleteDataSource DeleteRefreshSchedule DescribeAnalysis DescribeAnalysisPermissions DescribeDashboard DescribeDashboardPermissions DescribeDataSet DescribeDataSetPermissions DescribeDataSetRefreshProperties DescribeDataSource DescribeDataSourcePermissions DescribeIngestion DescribeRefreshSchedule ListFoldersForResource ListIngestions ListTagsForResource PassDataSet PassDataSource PutDataSetRefreshProperties TagResource UntagResource UpdateAnalysis UpdateAnalysisPermissions UpdateDashboard UpdateDashboardLinks UpdateDashboardPermissions UpdateDashboardPublishedVersion UpdateDataSet UpdateDataSetPermissions UpdateDataSource UpdateDataSourcePermissions UpdateRefreshSchedule',
    ),
    arn(
      'quicksight',
      ...['datasource', 'dataset', 'analysis', 'dashboard'].map((kind) => `${kind}/bikelake-*`),
      'dataset/bikelake-*/ingestion/*',
      'dataset/bikelake-*/refresh-schedule/*',
    ),
  ),
];

const policy = (...statements: readonly Statement[]): Policy => ({ Version: '2012-10-17', Statement: statements });

/** The policies by name; a role holds ten managed policies. `pipeline` is needed always, each other one with its part. */
export const POLICIES: Readonly<Record<string, Policy>> = {
  // Two, since one would be longer than IAM takes.
  'pipeline-1': policy(...PIPELINE.slice(0, 8)),
  'pipeline-2': policy(...PIPELINE.slice(8)),
  gold: policy(...GOLD),
  watch: policy(...WATCH),
  quicksight: policy(...QUICKSIGHT),
};

export const fileOf = (name: string): string => fileURLToPath(new URL(`deployer-${name}.json`, import.meta.url));

if (import.meta.main) {
  for (const [name, p] of Object.entries(POLICIES)) writeFileSync(fileOf(name), `${JSON.stringify(p, null, 2)}\n`);
}
