'use strict';
// Spark on EMR Serverless: nothing runs, and nothing costs, but while a run of settle, audit and gold does.
const { account, allow, arn, own, role, under } = require('../role.cjs');
const { TRIP_FILES } = require('./steps.cjs');

/**
 * Worker sizes that EMR Serverless has (2 vCPU: 4 to 16 GB, 4 vCPU: 8 to 30 GB; memory and its overhead together). A driver and three
 * executors are 14 of the 16 vCPU that a new account may use at once, and 56 GB.
 */
const DRIVER = { cores: '2', memory: '6g', memoryOverhead: '2g' };
const EXECUTOR = { cores: '4', memory: '12g', memoryOverhead: '4g' };
const MAX_EXECUTORS = 3;
const MAXIMUM = { Cpu: '16 vCPU', Memory: '64 GB', Disk: '200 GB' };

const DEFAULTS = {
  'spark.driver.cores': DRIVER.cores,
  'spark.driver.memory': DRIVER.memory,
  'spark.driver.memoryOverhead': DRIVER.memoryOverhead,
  'spark.executor.cores': EXECUTOR.cores,
  'spark.executor.memory': EXECUTOR.memory,
  'spark.executor.memoryOverhead': EXECUTOR.memoryOverhead,
  'spark.emr-serverless.driver.disk': '20g',
  'spark.emr-serverless.executor.disk': '40g',
  'spark.dynamicAllocation.enabled': 'true',
  'spark.dynamicAllocation.initialExecutors': '1',
  'spark.dynamicAllocation.maxExecutors': String(MAX_EXECUTORS),
  // The tables are Iceberg's, in a catalog that the job names: Hive's catalog would be asked for a database that the role may not see.
  'spark.sql.catalogImplementation': 'in-memory',
};

const application = (Name, logGroup) => ({
  Type: 'AWS::EMRServerless::Application',
  Properties: {
    Name,
    Type: 'SPARK',
    ReleaseLabel: 'emr-7.13.0', // Spark 3.5.6, Iceberg 1.10.0, Python 3.9
    Architecture: 'ARM64',
    AutoStartConfiguration: { Enabled: true },
    AutoStopConfiguration: { Enabled: true, IdleTimeoutMinutes: 1 },
    MaximumCapacity: MAXIMUM,
    // Two runs must not settle one lake at once: the second one waits.
    SchedulerConfiguration: { MaxConcurrentRuns: 1, QueueTimeoutMinutes: 120 },
    RuntimeConfiguration: [{ Classification: 'spark-defaults', Properties: DEFAULTS }],
    MonitoringConfiguration: {
      CloudWatchLoggingConfiguration: { Enabled: true, LogGroupName: logGroup, LogStreamNamePrefix: 'spark' },
      ManagedPersistenceMonitoringConfiguration: { Enabled: true }, // Spark's own pages of a run, for 30 days
    },
  },
});

/** What a run reads, and what it replaces. */
const READ = [
  'bronze',
  'log',
  'config',
  'dirty',
  'reloads',
  'recovered/expire',
  'jobs',
  'silver',
  'gold',
  'runs',
  TRIP_FILES,
];
const WRITTEN = ['silver', 'gold', 'runs'];

const jobRole = ({ databases }, logGroupName) =>
  role('emr-serverless.amazonaws.com', { StringEquals: { 'aws:SourceAccount': account } }, 'settle', [
    allow('s3:GetObject', under(...READ)),
    allow(['s3:PutObject', 's3:AbortMultipartUpload'], under(...WRITTEN)),
    // Iceberg's files that no snapshot has any more, and the marks of dirty days that are settled.
    allow('s3:DeleteObject', under('silver', 'gold', 'dirty')),
    // Actions on a bucket: which prefixes Spark lists is not known beforehand.
    allow(['s3:GetBucketLocation', 's3:ListBucket'], arn('LakeBucket')),
    allow(
      ['glue:GetDatabase', 'glue:GetTable', 'glue:CreateTable', 'glue:UpdateTable'],
      [
        own('glue', 'catalog'),
        ...[databases.silver, databases.gold].flatMap((name) => [
          own('glue', `database/${name}`),
          own('glue', `table/${name}/*`), // each table of the two databases is the job's
        ]),
      ],
    ),
    // EMR Serverless looks whether the group is there; the action knows no single group.
    allow('logs:DescribeLogGroups', own('logs', '*')),
    allow(
      ['logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
      own('logs', `log-group:${logGroupName}:*`), // the streams are named by EMR Serverless
    ),
  ]);

/** `settings`: see gold.cjs. */
function sparkResources({ names, logRetentionDays }) {
  const LogGroupName = `/aws/emr-serverless/${names.spark}`;
  return {
    SparkLogs: {
      Type: 'AWS::Logs::LogGroup',
      DeletionPolicy: 'Delete',
      UpdateReplacePolicy: 'Delete',
      Properties: { LogGroupName, RetentionInDays: logRetentionDays },
    },
    SparkApplication: application(names.spark, { Ref: 'SparkLogs' }),
    SparkJobRole: jobRole(names, LogGroupName),
  };
}

module.exports = { sparkResources };
