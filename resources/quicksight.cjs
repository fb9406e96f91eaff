// QuickSight: Gold as data sets in its memory (SPICE), and a dashboard. Left out where `quicksight` is off. What must be there before:
// a subscription of the account (Enterprise), and the user or group that `quicksightPrincipal` names (docs/deploy.md).
const { allow, arn, own, role, sub, under } = require('./role.cjs');
const { DATA_SETS, sqlOf } = require('./quicksight/data-sets.cjs');
const { definitionOf } = require('./quicksight/sheets.cjs');

const ACCOUNT = { Ref: 'AWS::AccountId' };
/** After the latest hour at which a day is settled: the gate opens at 02:10 UTC at the latest. */
const REFRESH = { TimeZone: 'UTC', TimeOfTheDay: '05:00' };

const acts = (resource, actions) => actions.map((action) => `quicksight:${action}${resource}`);
const OWNER_OF = {
  DataSource: [
    ...acts('DataSource', ['Describe', 'Pass', 'Update', 'Delete']),
    ...acts('DataSourcePermissions', ['Describe', 'Update']),
  ],
  DataSet: [
    ...acts('DataSet', ['Describe', 'Pass', 'Update', 'Delete']),
    ...acts('DataSetPermissions', ['Describe', 'Update']),
    ...acts('Ingestion', ['Create', 'Cancel', 'Describe']),
    'quicksight:ListIngestions',
    ...acts('RefreshSchedule', ['Create', 'Describe', 'Update', 'Delete']),
    'quicksight:ListRefreshSchedules',
    ...acts('DataSetRefreshProperties', ['Describe', 'Put', 'Delete']),
  ],
  Analysis: [
    ...acts('Analysis', ['Describe', 'Query', 'Update', 'Delete', 'Restore']),
    ...acts('AnalysisPermissions', ['Describe', 'Update']),
  ],
  Dashboard: [
    ...acts('Dashboard', ['Describe', 'Query', 'Update', 'Delete']),
    ...acts('DashboardPermissions', ['Describe', 'Update']),
    'quicksight:ListDashboardVersions',
    'quicksight:UpdateDashboardPublishedVersion',
  ],
};

module.exports = async ({ resolveVariable }) => {
  if (!isOn('quicksight', await resolveVariable('param:quicksight'))) return { Resources: {} };
  const principal = await resolveVariable('param:quicksightPrincipal');
  if (!isOn('gold', await resolveVariable('param:gold')))
    throw new Error('quicksight is on and gold is off: QuickSight shows Gold, so set the parameter gold to on too');
  if (!/^arn:[\w-]+:quicksight:/.test(principal))
    throw new Error(
      `quicksight is on, but quicksightPrincipal ("${principal}") is not the ARN of a user or group of QuickSight: docs/deploy.md says how to find it`,
    );
  const names = await resolveVariable('self:custom.names');
  const prefix = `${await resolveVariable('self:service')}-${await resolveVariable('sls:stage')}`;
  const title = prefix.replace('-', ' ');
  const permissions = (kind) => [{ Principal: principal, Actions: OWNER_OF[kind] }];
  const definition = definitionOf(
    Object.fromEntries(Object.keys(DATA_SETS).map((name) => [name, arn(logicalId('Qs', name))])),
  );
  return {
    Resources: {
      QuickSightRole: queryRole(names),
      QuickSightSource: {
        Type: 'AWS::QuickSight::DataSource',
        Properties: {
          AwsAccountId: ACCOUNT,
          DataSourceId: `${prefix}-athena`,
          Name: `${title}: Athena`,
          Type: 'ATHENA',
          DataSourceParameters: {
            AthenaParameters: { WorkGroup: { Ref: 'Workgroup' }, RoleArn: arn('QuickSightRole') },
          },
          SslProperties: { DisableSsl: false },
          Permissions: permissions('DataSource'),
        },
      },
      ...Object.assign(
        {},
        ...Object.entries(DATA_SETS).map(([name, set]) => ({
          [logicalId('Qs', name)]: dataSet(name, set, {
            prefix,
            databases: names.databases,
            permissions: permissions('DataSet'),
          }),
          ...schedules(name, set, prefix),
        })),
      ),
      QuickSightAnalysis: {
        Type: 'AWS::QuickSight::Analysis',
        Properties: {
          AwsAccountId: ACCOUNT,
          AnalysisId: prefix,
          Name: title,
          Definition: definition,
          ValidationStrategy: { Mode: 'LENIENT' },
          Permissions: permissions('Analysis'),
        },
      },
      QuickSightDashboard: {
        Type: 'AWS::QuickSight::Dashboard',
        Properties: {
          AwsAccountId: ACCOUNT,
          DashboardId: prefix,
          Name: title,
          Definition: definition,
          // A chart that QuickSight would draw otherwise must not roll the pipeline back.
          ValidationStrategy: { Mode: 'LENIENT' },
          DashboardPublishOptions: { ExportToCSVOption: { AvailabilityStatus: 'ENABLED' } },
          Permissions: permissions('Dashboard'),
        },
      },
    },
    Outputs: {
      Dashboard: {
        Description: 'Dashboard in QuickSight',
        Value: sub(`https://\${AWS::Region}.quicksight.aws.amazon.com/sn/dashboards/${prefix}`),
      },
    },
  };
};

function isOn(name, value) {
  if (value === 'on' || value === 'off') return value === 'on';
  throw new Error(`the parameter ${name} is "${value}", and takes on or off`);
}

const logicalId = (before, name) =>
  before +
  name
    .split('_')
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join('');

/** Queries of the data sets, and of nothing else in the lake. Its trust names no source account: AWS's documentation has none for QuickSight. */
const queryRole = ({ workgroup, databases }) =>
  role('quicksight.amazonaws.com', undefined, 'query', [
    allow(
      [
        'athena:StartQueryExecution',
        'athena:StopQueryExecution',
        'athena:GetQueryExecution',
        'athena:BatchGetQueryExecution',
        'athena:GetQueryResults',
        'athena:GetQueryResultsStream',
        'athena:GetWorkGroup',
      ],
      own('athena', `workgroup/${workgroup}`),
    ),
    allow(
      [
        'glue:GetDatabase',
        'glue:GetDatabases',
        'glue:GetTable',
        'glue:GetTables',
        'glue:GetPartition',
        'glue:GetPartitions',
      ],
      [
        own('glue', 'catalog'),
        ...[databases.gold, databases.silver].flatMap((name) => [
          own('glue', `database/${name}`),
          own('glue', `table/${name}/*`),
        ]),
      ],
    ),
    allow('s3:GetObject', under('gold', 'silver')),
    allow(
      ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      under('athena-results'),
    ),
    // Without a condition on the prefix: Athena looks for the bucket's place and lists what it reads and writes.
    allow(['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], arn('LakeBucket')),
  ]);

function dataSet(name, set, { prefix, databases, permissions }) {
  const columns = Object.entries({ ...set.columns, ...set.joined }).map(([Name, Type]) => ({ Name, Type }));
  const places = Object.entries(set.places ?? {}).map(([ColumnName, ColumnGeographicRole]) => ({
    TagColumnOperation: { ColumnName, Tags: [{ ColumnGeographicRole }] },
  }));
  return {
    Type: 'AWS::QuickSight::DataSet',
    Properties: {
      AwsAccountId: ACCOUNT,
      DataSetId: `${prefix}-${name.replaceAll('_', '-')}`,
      Name: `${prefix.replace('-', ' ')}: ${name.replaceAll('_', ' ')}`,
      ImportMode: 'SPICE',
      // Before the first day is settled there is no table to read: the deploy doesn't wait, and the next refresh finds it.
      IngestionWaitPolicy: { WaitForSpiceIngestion: false },
      PhysicalTableMap: {
        gold: {
          CustomSql: {
            DataSourceArn: arn('QuickSightSource'),
            Name: name,
            SqlQuery: sqlOf(set, databases),
            Columns: columns,
          },
        },
      },
      // Where else a column is said to be a place, AWS's documentation doesn't tell yet.
      ...(places.length > 0 && {
        LogicalTableMap: { gold: { Alias: name, Source: { PhysicalTableId: 'gold' }, DataTransforms: places } },
      }),
      ...(set.lookback && {
        DataSetRefreshProperties: { RefreshConfiguration: { IncrementalRefresh: { LookbackWindow: set.lookback } } },
      }),
      Permissions: permissions,
    },
  };
}

/** Each morning; a large one takes its last days then, and is read whole on Sundays, with what was settled again meanwhile. */
function schedules(name, { lookback }, prefix) {
  const refresh = (ScheduleId, RefreshType, frequency) => ({
    Type: 'AWS::QuickSight::RefreshSchedule',
    DependsOn: logicalId('Qs', name),
    Properties: {
      AwsAccountId: ACCOUNT,
      DataSetId: `${prefix}-${name.replaceAll('_', '-')}`,
      Schedule: { ScheduleId, RefreshType, ScheduleFrequency: { ...frequency, ...REFRESH } },
    },
  });
  const daily = refresh('daily', lookback ? 'INCREMENTAL_REFRESH' : 'FULL_REFRESH', { Interval: 'DAILY' });
  const weekly = refresh('weekly', 'FULL_REFRESH', { Interval: 'WEEKLY', RefreshOnDay: { DayOfWeek: 'SUNDAY' } });
  weekly.Properties.Schedule.ScheduleFrequency.TimeOfTheDay = '07:00';
  return {
    [`${logicalId('Qs', name)}Daily`]: daily,
    ...(lookback && { [`${logicalId('Qs', name)}Weekly`]: weekly }),
  };
}
