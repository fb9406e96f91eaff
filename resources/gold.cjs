// Gold: days are settled by Spark on EMR Serverless, one run a day, started by a state machine; and what Athena finds in the lake.
const { account, allow, arn, own, role, sub, under } = require('./role.cjs');
const { catalogResources } = require('./gold/catalog.cjs');
const { definitionOf } = require('./gold/machine.cjs');
const { sparkResources } = require('./gold/spark.cjs');
const { MAINTAIN } = require('./gold/steps.cjs');
const { readPlan } = require('./plan.cjs');

/** What the machine's views and its gate do by Athena, which asks for it as the machine. */
const byAthena = ({ workgroup, databases }) => [
  allow(
    ['athena:StartQueryExecution', 'athena:GetQueryExecution', 'athena:GetQueryResults', 'athena:StopQueryExecution'],
    own('athena', `workgroup/${workgroup}`),
  ),
  allow('athena:GetDataCatalog', own('athena', 'datacatalog/AwsDataCatalog')),
  allow(
    [
      'glue:GetDatabase',
      'glue:GetTable',
      'glue:GetTables',
      'glue:GetPartitions',
      'glue:CreateTable',
      'glue:UpdateTable',
    ],
    [
      own('glue', 'catalog'),
      ...Object.values(databases).flatMap((name) => [
        own('glue', `database/${name}`),
        own('glue', `table/${name}/*`), // views lie beside the tables that they read
      ]),
    ],
  ),
  allow('s3:GetObject', under('bronze', 'silver', 'gold')),
  allow(
    ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
    under('athena-results'),
  ),
  // Actions on a bucket: Athena lists what a table's partitions hold. And a report that isn't there is told as such.
  allow(['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], arn('LakeBucket')),
];

const machineRole = (names) =>
  role('states.amazonaws.com', { StringEquals: { 'aws:SourceAccount': account } }, 'gold', [
    ...byAthena(names),
    allow('emr-serverless:StartJobRun', arn('SparkApplication')),
    // Runs are named by EMR Serverless.
    allow(['emr-serverless:GetJobRun', 'emr-serverless:CancelJobRun'], sub('${SparkApplication.Arn}/jobruns/*')),
    {
      ...allow('iam:PassRole', arn('SparkJobRole')),
      Condition: { StringEquals: { 'iam:PassedToService': 'emr-serverless.amazonaws.com' } },
    },
    // How Step Functions is told that a run has ended.
    allow(
      ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
      own('events', 'rule/StepFunctionsGetEventsForEMRServerlessJobRule'),
    ),
    allow('s3:GetObject', under('runs')),
    {
      // The action knows no resource; the namespace is what can be said.
      ...allow('cloudwatch:PutMetricData', '*'),
      Condition: { StringEquals: { 'cloudwatch:namespace': names.metrics } },
    },
    allow('sns:Publish', { Ref: 'AlarmTopic' }),
    // Deliveries of logs belong to the account: none of these actions knows a resource.
    allow(
      [
        'logs:CreateLogDelivery',
        'logs:GetLogDelivery',
        'logs:UpdateLogDelivery',
        'logs:DeleteLogDelivery',
        'logs:ListLogDeliveries',
        'logs:PutResourcePolicy',
        'logs:DescribeResourcePolicies',
        'logs:DescribeLogGroups',
      ],
      '*',
    ),
  ]);

const machine = (settings) => ({
  Type: 'AWS::StepFunctions::StateMachine',
  Properties: {
    StateMachineName: settings.names.gold,
    StateMachineType: 'STANDARD',
    RoleArn: arn('MachineRole'),
    // As text: of an object CloudFormation would make every number a text.
    DefinitionString: JSON.stringify(definitionOf(settings)),
    DefinitionSubstitutions: {
      ApplicationId: { 'Fn::GetAtt': ['SparkApplication', 'ApplicationId'] },
      JobRoleArn: arn('SparkJobRole'),
      TopicArn: { Ref: 'AlarmTopic' },
    },
    LoggingConfiguration: {
      Level: 'ERROR',
      IncludeExecutionData: true,
      Destinations: [{ CloudWatchLogsLogGroup: { LogGroupArn: arn('MachineLogs') } }],
    },
    TracingConfiguration: { Enabled: false },
  },
});

/** Starts the machine at a time (UTC), with an input beside the scheduled instant. */
const schedule = (Name, Description, cron, input = {}) => ({
  Type: 'AWS::Scheduler::Schedule',
  Properties: {
    Name,
    Description,
    ScheduleExpression: `cron(${cron})`,
    ScheduleExpressionTimezone: 'UTC',
    FlexibleTimeWindow: { Mode: 'OFF' },
    State: 'ENABLED',
    Target: {
      Arn: { Ref: 'GoldMachine' },
      RoleArn: arn('GoldScheduleRole'),
      Input: JSON.stringify({ scheduled: '<aws.scheduler.scheduled-time>', ...input }),
      RetryPolicy: { MaximumRetryAttempts: 10, MaximumEventAgeInSeconds: 7200 },
    },
  },
});
/** Twenty minutes after midnight: every group is polled at midnight (schedules.cjs), and lies in Bronze by then, as a delivery stream waits for 15 minutes at most. */
const DAILY_AT = '20 0 * * ? *';
/** At noon the day is settled, whatever the night was like, and the next one is far: runs wait for each other. */
const MAINTAINED_AT = '0 12 ? * SUN *';

const goldResources = (settings) => ({
  ...sparkResources(settings),
  MachineLogs: {
    Type: 'AWS::Logs::LogGroup',
    DeletionPolicy: 'Delete',
    UpdateReplacePolicy: 'Delete',
    Properties: {
      // Below vendedlogs, so that the account's policy for deliveries of logs doesn't grow with each group.
      LogGroupName: `/aws/vendedlogs/states/${settings.names.gold}`,
      RetentionInDays: settings.logRetentionDays,
    },
  },
  MachineRole: machineRole(settings.names),
  GoldMachine: machine(settings),
  GoldScheduleRole: role('scheduler.amazonaws.com', { StringEquals: { 'aws:SourceAccount': account } }, 'schedule', [
    allow('states:StartExecution', { Ref: 'GoldMachine' }),
  ]),
  GoldSchedule: schedule(settings.names.gold, 'Settles the day before, and makes Gold of it', DAILY_AT),
  ...(settings.isMaintained && {
    MaintainSchedule: schedule(
      `${settings.names.gold}-${MAINTAIN}`,
      'Merges small files of the Iceberg tables, and removes what no reader needs',
      MAINTAINED_AT,
      { steps: [MAINTAIN] },
    ),
  }),
});

/** Off or on; anything else is a typing error. */
function isOn(name, value, off, on) {
  if (value !== off && value !== on)
    throw new Error(`parameter ${name} is ${JSON.stringify(value)}: say ${off} or ${on}`);
  return value === on;
}

module.exports = async ({ resolveVariable }) => {
  const param = (name) => resolveVariable(`param:${name}`);
  const settings = {
    service: await resolveVariable('self:service'),
    stage: await resolveVariable('sls:stage'),
    names: await resolveVariable('self:custom.names'),
    plan: readPlan(await param('plan')),
    logRetentionDays: await param('logRetentionDays'),
    isAdopted: isOn('lake', await param('lake'), 'create', 'adopt'),
    scanLimitGB: Number(await param('athenaScanLimitGB')),
    isMaintained: isOn('maintain', await param('maintain'), 'off', 'on'),
    isAlways: isOn('goldMail', await param('goldMail'), 'findings', 'always'),
  };
  const isMade = isOn('gold', await param('gold'), 'off', 'on');
  return {
    Resources: { ...catalogResources(settings), ...(isMade && goldResources(settings)) },
    Outputs: {
      Workgroup: { Description: 'Workgroup of Athena for queries of the lake', Value: { Ref: 'Workgroup' } },
      ...(isMade && { GoldMachine: { Description: 'State machine that settles days', Value: { Ref: 'GoldMachine' } } }),
    },
  };
};
