'use strict';
// What happens each day after midnight, as a state machine (docs/gold-on-aws.md): gate → one run of Spark → its report → metrics, views,
// mail. Everything in it may be done again with the same result, so that it can be redriven, and started again, at any time.
// Steps by name, `maintain` each week and `trips` among them, leave the gate out.
const { gateQuery, viewStatements } = require('./athena.cjs');
const { TRIPS, beginning, isUpkeep, pass } = require('./steps.cjs');

const MINUTE = 60;
/** A run of Spark that ends without a report is tried again: it goes on where it stopped. */
const ATTEMPTS = 3;
/** Before the second attempt, and before the third: capacity that lacks, or throttling, takes minutes. */
const BACKOFF_S = [1 * MINUTE, 10 * MINUTE];

/** Of calls that AWS may refuse for a while. Whatever still fails is told to a person. */
const RETRY = [
  {
    ErrorEquals: ['States.TaskFailed'],
    IntervalSeconds: 10,
    MaxAttempts: 4,
    BackoffRate: 3,
    MaxDelaySeconds: 5 * MINUTE,
    JitterStrategy: 'FULL',
  },
];
const CATCH = [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'TellOfFailure' }];

const task = (Resource, rest) => ({
  Type: 'Task',
  Resource: `arn:aws:states:::${Resource}`,
  Retry: RETRY,
  Catch: CATCH,
  ...rest,
});

const cell = (n) => `$.ResultSet.Rows[1].Data[${n}].VarCharValue`;

function gate({ query, parameters }, workgroup) {
  const scheduled = "States.Format('\\'{}\\'', $.settings.scheduled)";
  return {
    AskGate: task('athena:startQueryExecution.sync', {
      Parameters: {
        QueryString: query,
        'ExecutionParameters.$': `States.Array(${Array(parameters).fill(scheduled).join(', ')})`,
        WorkGroup: workgroup,
      },
      ResultSelector: { 'query_id.$': '$.QueryExecution.QueryExecutionId' },
      ResultPath: '$.gate',
      TimeoutSeconds: 15 * MINUTE,
      Next: 'ReadGate',
    }),
    ReadGate: task('athena:getQueryResults', {
      Parameters: { 'QueryExecutionId.$': '$.gate.query_id', MaxResults: 2 },
      ResultSelector: {
        'verdict.$': cell(0),
        'groups_planned.$': cell(1),
        'groups_after.$': cell(2),
        'polls_open.$': cell(3),
      },
      ResultPath: '$.gate',
      Next: 'IsDayClosed',
    }),
    IsDayClosed: {
      Type: 'Choice',
      Choices: [{ Variable: '$.gate.verdict', StringEquals: 'open', Next: 'WaitForLedger' }],
      Default: 'DateArguments', // closed; or overdue, and then the report says that it is incomplete
    },
    WaitForLedger: { Type: 'Wait', Seconds: 10 * MINUTE, Next: 'AskGate' },
  };
}

function spark({ lake, jobs, database }) {
  const folder = `s3://${lake}/${jobs}`;
  const places = ['--lake', `s3://${lake}`, '--catalog', 'glue', '--database', database, '--jobs', folder];
  const fixed = [...places.map((a) => `'${a}'`), "'--run'", '$$.Execution.Name'];
  const daily = [...fixed, "'--until'", '$.settings.scheduled'];
  const trips = [...fixed, "'--in'", '$.settings.in', `'${TRIPS}'`];
  const report = {
    Parameters: { Bucket: lake, 'Key.$': "States.Format('runs/{}.json', $$.Execution.Name)" },
    Retry: [{ ErrorEquals: ['States.TaskFailed'], IntervalSeconds: 5, MaxAttempts: 2, BackoffRate: 3 }],
    Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.no_report', Next: 'MayTryAgain' }],
  };
  return {
    DateArguments: {
      Type: 'Map',
      ItemsPath: '$.settings.dates',
      MaxConcurrency: 1,
      ItemProcessor: {
        ProcessorConfig: { Mode: 'INLINE' },
        StartAt: 'DateArgument',
        States: {
          DateArgument: pass({ 'text.$': "States.Format('--date={}', $)" }, { OutputPath: '$.text', End: true }),
        },
      },
      ResultPath: '$.dates',
      Next: 'Arguments',
    },
    Arguments: pass(
      {
        attempt: 1,
        'lists.$': `States.Array(States.Array(${daily.join(', ')}), $.dates, $.settings.steps)`,
      },
      { ResultPath: '$.spark', Next: 'RunSpark' },
    ),
    TripsArguments: pass(
      { attempt: 1, 'lists.$': `States.Array(States.Array(${trips.join(', ')}))` },
      { ResultPath: '$.spark', Next: 'RunSpark' },
    ),
    // Fails also where ledger or audit have a finding (exit code 3): what came of the run, its report says.
    RunSpark: task('emr-serverless:startJobRun.sync', {
      Parameters: {
        ApplicationId: '${ApplicationId}',
        ExecutionRoleArn: '${JobRoleArn}',
        'Name.$': '$$.Execution.Name',
        ExecutionTimeoutMinutes: 120,
        JobDriver: {
          SparkSubmit: {
            EntryPoint: `${folder}/spark/main.py`,
            'EntryPointArguments.$': '$.spark.lists[*][*]',
            SparkSubmitParameters: '--conf spark.jars=/usr/share/aws/iceberg/lib/iceberg-spark3-runtime.jar',
          },
        },
      },
      TimeoutSeconds: 4 * 60 * MINUTE, // two hours in the queue behind another run, two hours of its own
      Retry: undefined,
      ResultPath: null,
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'WhichReport' }],
      Next: 'SparkEnded',
    }),
    // What a missing report means then.
    SparkEnded: {
      Type: 'Pass',
      Result: { Error: 'NoReport', Cause: 'Spark ended well and left no report' },
      ResultPath: '$.error',
      Next: 'WhichReport',
    },
    WhichReport: { Type: 'Choice', Choices: [{ ...isUpkeep, Next: 'SeeReport' }], Default: 'ReadReport' },
    ReadReport: task('aws-sdk:s3:getObject', {
      ...report,
      ResultSelector: { 'report.$': 'States.StringToJson($.Body)' },
      ResultPath: '$.read',
      Next: 'PutMetrics',
    }),
    // That it is there is enough. Of trips it is larger than a state can be: it has the bars of all charts.
    SeeReport: task('aws-sdk:s3:headObject', { ...report, ResultPath: null, Next: 'Done' }),
    MayTryAgain: {
      Type: 'Choice',
      Choices: [{ Variable: '$.spark.attempt', NumericLessThan: ATTEMPTS, Next: 'NextAttempt' }],
      Default: 'TellOfFailure',
    },
    NextAttempt: pass(
      {
        'attempt.$': 'States.MathAdd($.spark.attempt, 1)',
        'wait_seconds.$': `States.ArrayGetItem(States.Array(0, ${BACKOFF_S.join(', ')}), $.spark.attempt)`,
        'lists.$': '$.spark.lists',
      },
      { ResultPath: '$.spark', Next: 'WaitForCapacity' },
    ),
    WaitForCapacity: { Type: 'Wait', SecondsPath: '$.spark.wait_seconds', Next: 'RunSpark' },
  };
}

const metric = (MetricName, path) => ({
  MetricName,
  Dimensions: [{ Name: 'stage', Value: 'gold' }],
  Unit: 'Count',
  'Value.$': path,
});

const metrics = (Namespace) => ({
  PutMetrics: task('aws-sdk:cloudwatch:putMetricData', {
    Parameters: {
      Namespace,
      MetricData: [
        metric('LedgerDifference', '$.read.report.ledger_difference'),
        metric('AuditFindings', 'States.MathAdd($.read.report.audit_missing, $.read.report.audit_extra)'),
        metric('AuditExplained', '$.read.report.audit_explained'),
        metric('DaysIncomplete', 'States.ArrayLength($.read.report.incomplete)'),
        metric('SettledChanges', '$.read.report.settled_changes'),
      ],
    },
    ResultPath: null,
    Next: 'ViewStatements',
  }),
});

const views = (databases, workgroup) => ({
  // Made anew each day: a view names the columns that its tables have, and Iceberg's tables are there only after the first run.
  ViewStatements: { Type: 'Pass', Result: viewStatements(databases), ResultPath: '$.views', Next: 'MakeViews' },
  MakeViews: {
    Type: 'Map',
    ItemsPath: '$.views',
    MaxConcurrency: 1, // some are made of others
    ItemProcessor: {
      ProcessorConfig: { Mode: 'INLINE' },
      StartAt: 'MakeView',
      States: {
        MakeView: {
          Type: 'Task',
          Resource: 'arn:aws:states:::athena:startQueryExecution.sync',
          Parameters: { 'QueryString.$': '$', WorkGroup: workgroup },
          ResultSelector: { 'query_id.$': '$.QueryExecution.QueryExecutionId' },
          TimeoutSeconds: 10 * MINUTE,
          Retry: RETRY,
          End: true,
        },
      },
    },
    ResultPath: '$.views',
    Catch: CATCH,
    Next: 'HasFindings',
  },
});

const over0 = (name) => ({ Variable: `$.read.report.${name}`, NumericGreaterThan: 0, Next: 'TellOfReport' });

function mail({ service, stage, lake, isAlways }) {
  const report = (name) => `$.read.report.${name}`;
  const dates = (name) => `States.JsonToString(${report(name)})`;
  const told = [
    `${service} ${stage}: days {} are settled; incomplete: {}. Ledger: difference {}. Audit: {} missing, {} extra, {} explained.`,
    `The report is s3://${lake}/runs/{}.json. What a finding means, and what to do: docs/runbooks/alarm-gold-ledger.md, docs/runbooks/alarm-gold-audit.md.`,
  ].join(' ');
  const values = [
    dates('dates'),
    dates('incomplete'),
    ...['ledger_difference', 'audit_missing', 'audit_extra', 'audit_explained'].map(report),
    '$$.Execution.Name',
  ];
  const failed = `${service} ${stage}: {}, steps {}, failed: {} What to do: docs/gold-on-aws.md, "When it fails".`;
  return {
    HasFindings: {
      Type: 'Choice',
      Choices: [
        ...['ledger_difference', 'audit_missing', 'audit_extra'].map(over0),
        { Variable: '$.read.report.incomplete[0]', IsPresent: true, Next: 'TellOfReport' },
      ],
      Default: isAlways ? 'TellOfReport' : 'Done',
    },
    TellOfReport: task('sns:publish', {
      Parameters: {
        TopicArn: '${TopicArn}',
        Subject: `${service} ${stage}: report of gold`,
        'Message.$': `States.Format('${told}', ${values.join(', ')})`,
      },
      ResultPath: null,
      Next: 'Done',
    }),
    Done: { Type: 'Succeed' },
    TellOfFailure: task('sns:publish', {
      Parameters: {
        TopicArn: '${TopicArn}',
        Subject: `${service} ${stage}: gold failed`,
        'Message.$': `States.Format('${failed}', $$.Execution.Name, States.JsonToString($.settings.steps), States.JsonToString($.error))`,
      },
      ResultPath: null,
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.untold', Next: 'Failed' }],
      Next: 'Failed',
    }),
  };
}

/**
 * An execution that comes to `Failed` fails there, with States.NoChoiceMatched. Not a Fail state: a redrive begins at the state that
 * failed, and a Fail state fails again, where a Choice looks at its rules again, and goes on at what was not done.
 */
const redrive = {
  Failed: {
    Type: 'Choice',
    Choices: [{ Variable: '$$.Execution.RedriveCount', NumericGreaterThanPath: '$.redrives', Next: 'Redriven' }],
  },
  Redriven: { Type: 'Pass', InputPath: '$$.Execution.RedriveCount', ResultPath: '$.redrives', Next: 'Resume' },
  Resume: {
    Type: 'Choice',
    Choices: [
      { Variable: '$.read', IsPresent: true, Next: 'PutMetrics' },
      { Variable: '$.spark', IsPresent: true, Next: 'WhichSteps' },
    ],
    Default: 'IsWholeDay',
  },
};

/** The definition, in Amazon States Language (JSONPath). `${…}` stands for what CloudFormation knows. `settings`: see gold.cjs. */
function definitionOf({ service, stage, names, plan, isAlways }) {
  const { lake, jobs, databases, workgroup, metrics: namespace } = names;
  const group_ids = plan.groups.map((group) => group.group_id);
  return {
    Comment: 'Settles, audits and makes Gold of the day before, and of every day that changed',
    StartAt: 'Input',
    TimeoutSeconds: 20 * 60 * MINUTE, // before the next day's run
    States: {
      ...beginning(lake),
      ...gate(gateQuery(group_ids, databases), workgroup),
      ...spark({ lake, jobs, database: databases.bronze.replace(/_bronze$/, '') }),
      ...metrics(namespace),
      ...views(databases, workgroup),
      ...mail({ service, stage, lake, isAlways }),
      ...redrive,
    },
  };
}

module.exports = { definitionOf };
