import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, describe, expect, test } from 'vitest';
import { Database } from '../../jobs/duckdb/connection.ts';
import { askGate } from '../../jobs/duckdb/gate.ts';
import { LakeFolder } from '../../jobs/duckdb/lake-folder.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { hasFinding, writeReport } from '../../jobs/report.ts';
import { at, chunk, MINUTE, receipt, SmallLake, START } from './small-lake.ts';
import { type Aws, AwsError, type Definition, definitionFrom, type Ran, RUN, runMachine } from './state-machine.ts';

const require = createRequire(import.meta.url);
// asl-validator comes without types.
const validate: (definition: unknown) => { isValid: boolean; errors: unknown[] } = require('asl-validator');
const { definitionOf } = require('../../resources/gold/machine.cjs') as { definitionOf: (settings: object) => object };

/** What serverless.yml says for stage prod; that the template has this definition, test/resources/gold.test.ts says. */
const SETTINGS = {
  service: 'bikelake',
  stage: 'prod',
  plan: JSON.parse(readFileSync(new URL('../resources/fixtures/plan.json', import.meta.url), 'utf8')),
  isAlways: false,
  names: {
    lake: 'bikelake-prod-lake',
    jobs: 'jobs/0123456789ab',
    workgroup: 'bikelake-prod',
    metrics: 'bikelake/prod',
    databases: { bronze: 'bikelake_prod_bronze', silver: 'bikelake_prod_silver', gold: 'bikelake_prod_gold' },
  },
};
const defined = (settings: object): Definition =>
  definitionFrom(JSON.stringify(definitionOf(settings)), {
    ApplicationId: 'spark-1',
    JobRoleArn: 'arn:aws:iam::000000000000:role/job',
    TopicArn: 'arn:aws:sns:us-east-1:000000000000:alarms',
  });
const definition = defined(SETTINGS);

const SCHEDULED = '2026-11-22T00:20:00Z';
const INPUT = { scheduled: SCHEDULED };
const REPORT = {
  run: RUN,
  until: SCHEDULED,
  dates: ['2026-11-21'],
  incomplete: [] as string[],
  settled_spans: 7,
  settled_changes: 5,
  ledger_difference: 0,
  audit_missing: 0,
  audit_extra: 0,
  audit_explained: 2,
  seconds: { settle: 1 },
};

const verdict = (word: string) => ({
  ResultSet: {
    Rows: [
      { Data: ['verdict', 'groups_planned', 'groups_after', 'polls_open'].map((v) => ({ VarCharValue: v })) },
      { Data: [word, '2', '2', '0'].map((v) => ({ VarCharValue: v })) },
    ],
  },
});
const body = (report: object) => ({ Body: JSON.stringify(report) });
const noSuchKey = (): never => {
  throw new AwsError('S3.NoSuchKeyException', 'The specified key does not exist.');
};
const sparkFails = (): never => {
  throw new AwsError('States.TaskFailed', '{"JobRunId":"j","State":"FAILED","StateDetails":"out of memory"}');
};

/** AWS on a good day. */
const WELL: Aws = {
  AskGate: () => ({ QueryExecution: { QueryExecutionId: 'query-1' } }),
  ReadGate: () => verdict('closed'),
  RunSpark: () => ({ JobRunId: 'j' }),
  ReadReport: () => body(REPORT),
  SeeReport: () => ({ ContentLength: 300_000 }),
  PutMetrics: () => ({}),
  MakeView: () => ({ QueryExecution: { QueryExecutionId: 'query-2' } }),
  TellOfReport: () => ({ MessageId: 'm' }),
  TellOfFailure: () => ({ MessageId: 'm' }),
};
const run = (aws: Aws, input: object = INPUT, options = {}): Promise<Ran> =>
  runMachine(definition, { ...WELL, ...aws }, input, options);

const callsOf = (ran: Ran, task: string) => ran.calls.filter((call) => call.task === task).map((c) => c.parameters);
const tasksOf = (ran: Ran) => ran.calls.map(({ task }) => task);
const VIEWS = 10;
const views = Array<string>(VIEWS).fill('MakeView');
const AFTER_REPORT = ['PutMetrics', 'ViewStatements', 'MakeViews', ...views, 'HasFindings'];
const GATE = ['AskGate', 'ReadGate', 'IsDayClosed'];
const SPARK = ['RunSpark', 'SparkEnded', 'WhichReport', 'ReadReport'];

describe('the definition', () => {
  test('is valid Amazon States Language', () => {
    expect(validate(definition)).toMatchObject({ isValid: true, errors: [] });
  });

  test('fits: 1 MB of definition, 256 KB of a state, 256 KB of a query', () => {
    const states = definition.States as Record<string, { Result?: unknown; Parameters?: { QueryString?: string } }>;
    expect(JSON.stringify(definition).length).toBeLessThan(1_000_000);
    expect(JSON.stringify(states.ViewStatements?.Result).length).toBeLessThan(200_000);
    expect(states.AskGate?.Parameters?.QueryString?.length).toBeLessThan(200_000);
  });

  test('every task that AWS may refuse for a while is tried again, and none fails without a word', () => {
    const tasks = Object.entries(definition.States).filter(([, { Type }]) => Type === 'Task');
    expect(tasks.map(([name, state]) => [name, 'Retry' in state, 'Catch' in state])).toEqual([
      ['AskGate', true, true],
      ['ReadGate', true, true],
      ['RunSpark', false, true], // by MayTryAgain: its failures are told by the report
      ['ReadReport', true, true],
      ['SeeReport', true, true],
      ['PutMetrics', true, true],
      ['TellOfReport', true, true],
      ['TellOfFailure', true, true],
    ]);
  });
});

describe('a day', () => {
  test('that is closed at once: settled, measured, seen by Athena; nobody is told', async () => {
    const ran = await run({});
    expect(ran.error).toBeNull();
    expect(ran.states).toEqual([
      'Input', 'Settings', 'IsWholeDay', ...GATE, 'DateArguments', 'Arguments', ...SPARK, ...AFTER_REPORT, 'Done',
    ]); // biome-ignore format: a path
    expect(callsOf(ran, 'ReadGate')).toEqual([{ QueryExecutionId: 'query-1', MaxResults: 2 }]);
    expect(callsOf(ran, 'ReadReport')).toEqual([{ Bucket: 'bikelake-prod-lake', Key: `runs/${RUN}.json` }]);
  });

  test('the gate is asked by Athena for the scheduled instant, in the workgroup', async () => {
    const [asked] = callsOf(await run({}), 'AskGate');
    expect(asked).toEqual({
      QueryString: expect.stringContaining("VALUES (''), ('seoul-60'), ('gbfs-600')"),
      ExecutionParameters: Array(5).fill(`'${SCHEDULED}'`),
      WorkGroup: 'bikelake-prod',
    });
    expect(asked.QueryString.split('?')).toHaveLength(6);
  });

  test('Spark is started once, with all steps, under the name of the execution', async () => {
    const [started, ...others] = callsOf(await run({}), 'RunSpark');
    expect(others).toEqual([]);
    expect(started).toMatchObject({
      ApplicationId: 'spark-1',
      ExecutionRoleArn: 'arn:aws:iam::000000000000:role/job',
      Name: RUN,
      ExecutionTimeoutMinutes: 120,
    });
    const { EntryPoint, EntryPointArguments } = started.JobDriver.SparkSubmit;
    const jobs = 's3://bikelake-prod-lake/jobs/0123456789ab';
    expect(EntryPoint).toBe(`${jobs}/spark/main.py`);
    expect(EntryPointArguments).toEqual([
      '--lake', 's3://bikelake-prod-lake', '--catalog', 'glue', '--database', 'bikelake_prod', '--jobs', jobs,
      '--run', RUN, '--until', SCHEDULED, 'settle', 'audit', 'gold',
    ]); // biome-ignore format: arguments
  });

  test('five figures go to CloudWatch, by stage alone', async () => {
    const ran = await run({
      ReadReport: () => body({ ...REPORT, audit_missing: 3, audit_extra: 4, incomplete: ['2026-11-20', '2026-11-21'] }),
    });
    const metric = (MetricName: string, Value: number) => ({
      MetricName,
      Dimensions: [{ Name: 'stage', Value: 'gold' }],
      Unit: 'Count',
      Value,
    });
    expect(callsOf(ran, 'PutMetrics')).toEqual([
      {
        Namespace: 'bikelake/prod',
        MetricData: [
          metric('LedgerDifference', 0),
          metric('AuditFindings', 7),
          metric('AuditExplained', 2),
          metric('DaysIncomplete', 2),
          metric('SettledChanges', 5),
        ],
      },
    ]);
  });

  test('that closes later: asked every ten minutes', async () => {
    const ran = await run({ ReadGate: (_, call) => verdict(call < 3 ? 'open' : 'closed') });
    expect(ran.states.slice(3, 15)).toEqual([
      ...GATE, 'WaitForLedger', ...GATE, 'WaitForLedger', ...GATE, 'DateArguments',
    ]); // biome-ignore format: a path
    expect(definition.States.WaitForLedger).toMatchObject({ Seconds: 600 });
    expect(ran.error).toBeNull();
  });

  test('that never closes is settled all the same, and a person is told that it is incomplete', async () => {
    const ran = await run({
      ReadGate: (_, call) => verdict(call < 12 ? 'open' : 'overdue'),
      ReadReport: () => body({ ...REPORT, incomplete: ['2026-11-21'] }),
    });
    expect(callsOf(ran, 'AskGate')).toHaveLength(12);
    expect(ran.states.slice(-2)).toEqual(['TellOfReport', 'Done']);
    expect(callsOf(ran, 'TellOfReport')[0].Message).toContain('incomplete: ["2026-11-21"]');
  });

  test('is told of always where a parameter says so', async () => {
    const ran = await runMachine(defined({ ...SETTINGS, isAlways: true }), WELL, INPUT);
    expect(callsOf(ran, 'TellOfReport')[0]).toEqual({
      TopicArn: 'arn:aws:sns:us-east-1:000000000000:alarms',
      Subject: 'bikelake prod: report of gold',
      Message:
        'bikelake prod: days ["2026-11-21"] are settled; incomplete: []. Ledger: difference 0. Audit: 0 missing, 0 extra, 2 explained. ' +
        `The report is s3://bikelake-prod-lake/runs/${RUN}.json. What a finding means, and what to do: ` +
        'docs/runbooks/alarm-gold-ledger.md, docs/runbooks/alarm-gold-audit.md.',
    });
  });
});

describe('a finding', () => {
  test.each(['ledger_difference', 'audit_missing', 'audit_extra'])('%s: Spark ends with 3, and the day goes on: metrics, views, and a person is told', async (name) => {
    const ran = await run({ RunSpark: sparkFails, ReadReport: () => body({ ...REPORT, [name]: 4 }) });
    expect(ran.error).toBeNull();
    expect(tasksOf(ran)).toEqual([
      'AskGate', 'ReadGate', 'RunSpark', 'ReadReport', 'PutMetrics', ...views, 'TellOfReport',
    ]);
    expect(callsOf(ran, 'TellOfReport')[0].Message).toMatch(/difference 4|4 missing|4 extra/);
  }); // biome-ignore format: a path
});

describe('what fails', () => {
  test('Spark, twice: tried again after a pause, the third run goes through', async () => {
    const ran = await run({
      RunSpark: (_, call) => (call < 3 ? sparkFails() : { JobRunId: 'j' }),
      // Each reading that finds nothing is tried three times.
      ReadReport: (_, call) => (call <= 6 ? noSuchKey() : body(REPORT)),
    });
    expect(ran.error).toBeNull();
    const again = ['RunSpark', 'WhichReport', 'ReadReport', 'MayTryAgain', 'NextAttempt', 'WaitForCapacity'];
    expect(ran.states.slice(8)).toEqual([...again, ...again, ...SPARK, ...AFTER_REPORT, 'Done']);
    const attempts = callsOf(ran, 'RunSpark').map((p) => p.JobDriver.SparkSubmit.EntryPointArguments);
    expect(attempts[2]).toEqual(attempts[0]);
  });

  test('Spark, three times: a person is told why, and the execution fails', async () => {
    const ran = await run({ RunSpark: sparkFails, ReadReport: noSuchKey });
    expect(callsOf(ran, 'RunSpark')).toHaveLength(3);
    expect(ran.states.slice(-3)).toEqual(['MayTryAgain', 'TellOfFailure', 'Failed']);
    expect(ran.error).toBe('States.NoChoiceMatched');
    const [told] = callsOf(ran, 'TellOfFailure');
    expect(told.Subject).toBe('bikelake prod: gold failed');
    expect(told.Message).toContain(`${RUN}, steps ["settle","audit","gold"], failed: `);
    expect(told.Message).toContain('out of memory');
    expect(callsOf(ran, 'PutMetrics')).toEqual([]);
  });

  test('a report that is missing although Spark ended well', async () => {
    const ran = await run({ ReadReport: noSuchKey });
    expect(callsOf(ran, 'RunSpark')).toHaveLength(3);
    expect(callsOf(ran, 'TellOfFailure')[0].Message).toContain('Spark ended well and left no report');
    expect(ran.error).toBe('States.NoChoiceMatched');
  });

  test('Athena at the gate: nothing is settled', async () => {
    const fails = () => {
      throw new AwsError('Athena.AthenaException', 'SYNTAX_ERROR: line 1:8');
    };
    const ran = await run({ AskGate: fails });
    expect(tasksOf(ran)).toEqual([...Array(5).fill('AskGate'), 'TellOfFailure']);
    expect(callsOf(ran, 'TellOfFailure')[0].Message).toContain('SYNTAX_ERROR: line 1:8');
    expect(ran.error).toBe('States.NoChoiceMatched');
  });

  test('throttling at every task: tried again, the day goes through', async () => {
    const once = (task: string) => (parameters: unknown, call: number) => {
      if (call === 1) throw new AwsError('ThrottlingException', 'Rate exceeded');
      return WELL[task]?.(parameters, call);
    };
    const ran = await run(Object.fromEntries(Object.keys(WELL).map((task) => [task, once(task)])));
    expect(ran.error).toBeNull();
    const twice = ['AskGate', 'ReadGate', 'RunSpark', 'PutMetrics'].map((task) => callsOf(ran, task).length);
    expect(twice).toEqual([2, 2, 1, 2]); // the report is there, so Spark needs no second run
    expect(callsOf(ran, 'MakeView')).toHaveLength(VIEWS + 1);
  });

  test('a view: what was settled stays, metrics are there, a person is told', async () => {
    const ran = await run({
      MakeView: ({ QueryString }) => {
        if (QueryString.includes('latest_status')) throw new AwsError('States.TaskFailed', 'TABLE_NOT_FOUND');
        return WELL.MakeView?.({}, 1);
      },
    });
    expect(ran.states.at(-1)).toBe('Failed');
    expect(ran.error).toBe('States.NoChoiceMatched');
    expect(callsOf(ran, 'PutMetrics')).toHaveLength(1);
    expect(callsOf(ran, 'TellOfFailure')[0].Message).toContain('TABLE_NOT_FOUND');
  });

  test('the mail of a failure: the execution fails all the same', async () => {
    const ran = await run({
      AskGate: sparkFails,
      TellOfFailure: () => {
        throw new AwsError('SNS.NotFoundException', 'Topic does not exist');
      },
    });
    expect(ran.states.slice(-2)).toEqual(['TellOfFailure', 'Failed']);
    expect(ran.error).toBe('States.NoChoiceMatched');
  });
});

describe('again', () => {
  /** A redrive begins at the state that failed, with the input that it had then. */
  const redriven = (state: object, redrives: number): Promise<Ran> =>
    runMachine(definition, WELL, state as never, { redrives, startAt: 'Failed' });
  const STATE = { settings: { scheduled: SCHEDULED, steps: ['settle', 'audit', 'gold'], dates: [] }, input: INPUT };
  const error = { Error: 'E', Cause: 'c' };

  test('a redrive goes on at the report where it was read', async () => {
    const ran = await redriven({ ...STATE, redrives: 0, error, spark: {}, read: { report: REPORT } }, 1);
    expect(ran.states).toEqual(['Failed', 'Redriven', 'Resume', ...AFTER_REPORT, 'Done']);
    expect(ran.error).toBeNull();
  });

  test('at Spark where the day was closed', async () => {
    const ran = await redriven({ ...STATE, redrives: 0, error, spark: { attempt: 3 } }, 1);
    expect(ran.states.slice(0, 7)).toEqual([
      'Failed', 'Redriven', 'Resume', 'WhichSteps', 'DateArguments', 'Arguments', 'RunSpark',
    ]); // biome-ignore format: a path
    expect(ran.error).toBeNull();
  });

  test('else at the gate', async () => {
    const ran = await redriven({ ...STATE, redrives: 0, error }, 1);
    expect(ran.states.slice(0, 5)).toEqual(['Failed', 'Redriven', 'Resume', 'IsWholeDay', 'AskGate']);
  });

  test('once a redrive, not for ever', async () => {
    const ran = await redriven({ ...STATE, redrives: 1, error }, 1);
    expect(ran.states).toEqual(['Failed']);
    const failing = await runMachine(
      definition,
      { ...WELL, AskGate: sparkFails },
      { ...STATE, redrives: 0, error } as never,
      { redrives: 1, startAt: 'Failed' },
    );
    expect(failing.states.slice(-2)).toEqual(['TellOfFailure', 'Failed']);
    expect(failing.error).toBe('States.NoChoiceMatched');
  });

  test('one step, of two days: the gate is not asked', async () => {
    const ran = await run({}, { scheduled: SCHEDULED, steps: ['gold'], dates: ['2026-11-19', '2026-11-20'] });
    expect(callsOf(ran, 'AskGate')).toEqual([]);
    expect(callsOf(ran, 'RunSpark')[0].JobDriver.SparkSubmit.EntryPointArguments.slice(8)).toEqual([
      '--run', RUN, '--until', SCHEDULED, '--date=2026-11-19', '--date=2026-11-20', 'gold',
    ]); // biome-ignore format: arguments
    expect(ran.error).toBeNull();
  });

  test('without an input: the day before the start', async () => {
    const ran = await run({}, {});
    expect(callsOf(ran, 'AskGate')[0].ExecutionParameters[0]).toMatch(/^'\d{4}-\d\d-\d\dT[\d:.]+Z'$/);
    expect(ran.error).toBeNull();
  });
});

describe('steps by name', () => {
  const argumentsOf = (ran: Ran): string[] => callsOf(ran, 'RunSpark')[0].JobDriver.SparkSubmit.EntryPointArguments;
  const IN = 's3://bikelake-prod-lake/trips/in/citibike-2013/';
  const UPKEEP = ['RunSpark', 'SparkEnded', 'WhichReport', 'SeeReport', 'Done'];

  test('trips: counts the files below a folder of the lake; nothing is measured, and nobody is told', async () => {
    const ran = await run({}, { steps: ['trips'], in: IN });
    expect(ran.error).toBeNull();
    expect(ran.states).toEqual([
      'Input', 'Settings', 'IsWholeDay', 'EachStep', 'IsStep', 'Step', 'WhichSteps', 'HasTripFiles', 'TripsArguments', ...UPKEEP,
    ]); // biome-ignore format: a path
    expect(argumentsOf(ran)).toEqual([
      '--lake', 's3://bikelake-prod-lake', '--catalog', 'glue', '--database', 'bikelake_prod',
      '--jobs', 's3://bikelake-prod-lake/jobs/0123456789ab', '--run', RUN, '--in', IN, 'trips',
    ]); // biome-ignore format: arguments
    expect(callsOf(ran, 'SeeReport')).toEqual([{ Bucket: 'bikelake-prod-lake', Key: `runs/${RUN}.json` }]);
  });

  test('maintain, as its schedule starts it; a finding of before is not told again', async () => {
    const ran = await run({ RunSpark: sparkFails }, { scheduled: '2026-11-22T12:00:00Z', steps: ['maintain'] });
    expect(ran.error).toBeNull();
    expect(argumentsOf(ran).slice(8)).toEqual(['--run', RUN, '--until', '2026-11-22T12:00:00Z', 'maintain']);
    expect(ran.states.slice(-4)).toEqual(['RunSpark', 'WhichReport', 'SeeReport', 'Done']);
  });

  test('maintain after the others is a part of their run: its report is read', async () => {
    const ran = await run({}, { steps: ['settle', 'audit', 'gold', 'maintain'] });
    expect(argumentsOf(ran).slice(-4)).toEqual(['settle', 'audit', 'gold', 'maintain']);
    expect(tasksOf(ran).slice(1, 3)).toEqual(['ReadReport', 'PutMetrics']);
    expect(ran.error).toBeNull();
  });

  test('trips that leave no report: tried again, then a person is told of which run; a redrive counts the same files', async () => {
    const input = { steps: ['trips'], in: IN };
    const ran = await run({ RunSpark: sparkFails, SeeReport: noSuchKey }, input);
    expect(callsOf(ran, 'RunSpark')).toHaveLength(3);
    expect(callsOf(ran, 'TellOfFailure')[0].Message).toContain(`${RUN}, steps ["trips"], failed: `);
    expect(ran.error).toBe('States.NoChoiceMatched');
    const settings = { scheduled: SCHEDULED, dates: [], ...input };
    const state = { settings, input, redrives: 0, spark: { attempt: 3 } };
    const again = await runMachine(definition, WELL, state as never, { redrives: 1, startAt: 'Failed' });
    expect(argumentsOf(again)).toEqual(argumentsOf(ran));
    expect(again.states.at(-1)).toBe('Done');
  });

  test.each([
    ['no files', { steps: ['trips'] }, 'NoTripFiles'],
    ['files elsewhere', { steps: ['trips'], in: 's3://bikelake-prod-lake/bronze/events/' }, 'NoTripFiles'],
    ['files of another bucket', { steps: ['trips'], in: 's3://somebody/trips/in/2013.csv' }, 'NoTripFiles'],
    ['two folders', { steps: ['trips'], in: [IN, IN] }, 'NoTripFiles'],
    ['files for another step', { steps: ['gold'], in: IN }, 'FilesAreForTrips'],
    ['trips beside another step', { steps: ['gold', 'trips'], in: IN }, 'NoSuchStep'],
    ['a step that there is not', { steps: ['settle', 'Gold'] }, 'NoSuchStep'],
    ['no step', { steps: [] }, 'NoSteps'],
  ])('%s: refused before a worker starts', async (_, input, refused) => {
    const ran = await run({}, input);
    expect(ran.states.at(-1)).toBe(refused);
    expect([ran.error, ran.calls]).toEqual(['BadInput', []]);
  });

  test('what is refused says what is wanted', () => {
    expect(definition.States.NoTripFiles).toMatchObject({
      Type: 'Fail',
      Error: 'BadInput',
      Cause: 'trips needs "in", a file or folder of trip files: "s3://bikelake-prod-lake/trips/in/..." (docs/trips.md)',
    });
  });
});

describe('with gate and settle of DuckDB in the place of Athena and Spark', () => {
  const lake = new SmallLake([{ system_id: 'sys', interval_s: 60, time_zone: 'UTC' }]);
  afterAll(() => lake.remove());
  const slot = (n: number): number => START + n * 12 * 60 * MINUTE;
  const poll = (n: number, bikes: number) => [
    ...chunk({ slot_ms: slot(n), sequence: 2 * n + 1 }, { s: { bikes } }),
    receipt({ slot_ms: slot(n), sequence: 2 * n + 2 }, 1),
  ];

  const root = lake.root;
  const embedded: Aws = {
    ReadGate: async () => {
      const folder = new LakeFolder(root);
      await using db = await Database.open({ threads: 1, memory_mb: 256, spill_dir: folder.settle_dir });
      const answer = await askGate(db, folder, '2026-11-21', at(SCHEDULED));
      return {
        ResultSet: { Rows: [{ Data: [] }, { Data: Object.values(answer).map((v) => ({ VarCharValue: `${v}` })) }] },
      };
    },
    RunSpark: async (parameters) => {
      const given = parameters.JobDriver.SparkSubmit.EntryPointArguments as string[];
      const option = (name: string): string => given[given.indexOf(name) + 1] ?? '';
      const until = option('--until');
      const settled = await settleLake(root, { until });
      const report = await writeReport(root, { run: option('--run'), until, settled, seconds: {} });
      if (hasFinding(report)) throw new AwsError('States.TaskFailed', 'exit code 3');
      return {};
    },
    ReadReport: ({ Key }) => {
      try {
        return { Body: readFileSync(`${root}/${Key}`, 'utf8') };
      } catch {
        return noSuchKey();
      }
    },
  };

  test('a day that closes while the gate waits, with a change that the log lacks: measured and told', async () => {
    lake.bronze([...poll(0, 3), ...poll(1, 4)]);
    lake.log([1, 3], { fresh: 1, unchanged: 1 }, [{ station_id: 's', slot_ms: slot(0), seen: { bikes: 3 } }]);
    const ran = await run({
      ...embedded,
      ReadGate: async (parameters, call) => {
        if (call === 2) lake.bronze(poll(2, 4)); // the first poll of the next day arrives
        return embedded.ReadGate?.(parameters, call);
      },
    });
    expect(ran.error).toBeNull();
    expect(callsOf(ran, 'ReadGate')).toHaveLength(2);
    const values = Object.fromEntries(
      callsOf(ran, 'PutMetrics')[0].MetricData.map((m: { MetricName: string; Value: number }) => [
        m.MetricName,
        m.Value,
      ]),
    );
    // The log has no batch with the second change; the next day, which has just begun, waits.
    expect(values).toEqual({
      LedgerDifference: 0,
      AuditFindings: 1,
      AuditExplained: 0,
      DaysIncomplete: 0,
      SettledChanges: 2,
    });
    expect(callsOf(ran, 'TellOfReport')[0].Message).toContain('incomplete: []. Ledger: difference 0. Audit: 1 missing');
  });

  test('the same day again: nothing is made anew, and the finding is still there', async () => {
    const ran = await run(embedded);
    expect(callsOf(ran, 'TellOfReport')[0].Message).toContain('days [] are settled');
    expect(callsOf(ran, 'TellOfReport')[0].Message).toContain('1 missing');
  });
});
