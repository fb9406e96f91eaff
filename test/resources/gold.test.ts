import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOG_COLUMNS, STATION_STATUS } from '../../jobs/tables.ts';
import { readTemplate } from '../../local/template.ts';
import { type Packaged, packageService } from './package-service.ts';

const require = createRequire(import.meta.url);
const { lanesOf } = require('../../resources/gold/catalog.cjs') as { lanesOf: (plan: object) => string[] };
const { definitionOf } = require('../../resources/gold/machine.cjs') as { definitionOf: (settings: object) => object };
const plan = fileURLToPath(new URL('fixtures/plan.json', import.meta.url));

let on: Packaged;
beforeAll(() => {
  on = packageService('prod', { plan, athenaScanLimitGB: '7' });
}, 120_000);
afterAll(() => on?.remove());

type Resources = Readonly<Record<string, { readonly Type: string; readonly Properties: Record<string, unknown> }>>;
const gold = require('../../resources/gold.cjs') as (serverless: object) => Promise<{ Resources: Resources }>;

/** What the file gives to a stage with these parameters, as osls would ask it, without packaging anew. */
async function resourcesWith(parameters: Readonly<Record<string, string | number>>): Promise<Resources> {
  const params: Record<string, unknown> = {
    ...{
      plan,
      logRetentionDays: 14,
      lake: 'create',
      athenaScanLimitGB: 50,
      goldMail: 'findings',
      gold: 'off',
      maintain: 'on',
    },
    ...parameters,
  };
  const databases = { bronze: 'b_bronze', silver: 'b_silver', gold: 'b_gold' };
  const names = { lake: 'lake', jobs: 'jobs/0', workgroup: 'w', metrics: 'b/dev', gold: 'g', spark: 's', databases };
  const known: Record<string, unknown> = { 'self:service': 'b', 'sls:stage': 'dev', 'self:custom.names': names };
  const resolveVariable = async (name: string) => known[name] ?? params[name.replace('param:', '')];
  return (await gold({ resolveVariable })).Resources;
}

const properties = (id: string) => {
  const found = on.resources[id];
  if (found === undefined) throw new Error(`the template has no ${id}`);
  return found.Properties;
};
const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

it('is there where it is on; what Athena finds is there also where it is off, and costs nothing', async () => {
  const catalog = ['SilverDatabase', 'GoldDatabase', 'LogTable', 'QuarantineTable', 'Workgroup'];
  expect(Object.keys(await resourcesWith({ gold: 'off' }))).toEqual(catalog);
  const others = Object.keys(await resourcesWith({ gold: 'on' })).filter((id) => !catalog.includes(id));
  expect(others).toEqual([
    'SparkLogs', 'SparkApplication', 'SparkJobRole', 'MachineLogs', 'MachineRole', 'GoldMachine', 'GoldScheduleRole', 'GoldSchedule',
    'MaintainSchedule',
  ]);
  expect(Object.keys(on.resources)).toEqual(expect.arrayContaining([...catalog, ...others]));
}); // biome-ignore format: a list

it('is not run on this machine, which says so, and nothing else', () => {
  expect(readTemplate(on.file).notices.sort()).toEqual([
    'GoldMachine: AWS::StepFunctions::StateMachine is not run on this machine',
    expect.stringMatching(/^GoldSchedule\.Target\.Arn: .* is no function: the schedule is left out$/),
    expect.stringMatching(/^MaintainSchedule\.Target\.Arn: .* is no function: the schedule is left out$/),
    'SparkApplication: AWS::EMRServerless::Application is not run on this machine',
  ]);
});

it('a misspelt parameter is named', async () => {
  await expect(resourcesWith({ gold: 'yes' })).rejects.toThrow('parameter gold is "yes": say off or on');
  await expect(resourcesWith({ maintain: 'weekly' })).rejects.toThrow('parameter maintain is "weekly": say off or on');
  await expect(resourcesWith({ lake: 'new' })).rejects.toThrow('parameter lake is "new": say create or adopt');
});

describe('Spark', () => {
  const DEFAULTS = () => properties('SparkApplication').RuntimeConfiguration[0].Properties as Record<string, string>;
  const gb = (role: string): number =>
    Number.parseInt(DEFAULTS()[`spark.${role}.memory`] ?? '', 10) + Number.parseInt(DEFAULTS()[`spark.${role}.memoryOverhead`] ?? '', 10);
  const cores = (role: string): number => Number(DEFAULTS()[`spark.${role}.cores`]);
  /** vCPU → memory in GB and its step, as documented for EMR Serverless (User Guide, "Worker configurations"). */
  const SIZES: Record<number, readonly [number, number, number]> = { 1: [2, 8, 1], 2: [4, 16, 1], 4: [8, 30, 1], 8: [16, 60, 4], 16: [32, 120, 8] };

  it.each(['driver', 'executor'])('the %s is of a size that there is', (role) => {
    const [least, most, step] = SIZES[cores(role)] ?? [1, 0, 1];
    expect(gb(role)).toBeGreaterThanOrEqual(least);
    expect(gb(role)).toBeLessThanOrEqual(most);
    expect((gb(role) - least) % step).toBe(0);
    const disk = Number.parseInt(DEFAULTS()[`spark.emr-serverless.${role}.disk`] ?? '', 10);
    expect(disk).toBeGreaterThanOrEqual(20);
    expect(disk).toBeLessThanOrEqual(200);
  });

  it('driver and all executors fit into the capacity, and that into the quota of a new account', () => {
    const executors = Number(DEFAULTS()['spark.dynamicAllocation.maxExecutors']);
    const { MaximumCapacity } = properties('SparkApplication');
    const limit = (name: string): number => Number.parseInt(MaximumCapacity[name], 10);
    expect(cores('driver') + executors * cores('executor')).toBeLessThanOrEqual(limit('Cpu'));
    expect(gb('driver') + executors * gb('executor')).toBeLessThanOrEqual(limit('Memory'));
    const disk = (role: string): number => Number.parseInt(DEFAULTS()[`spark.emr-serverless.${role}.disk`] ?? '', 10);
    expect(disk('driver') + executors * disk('executor')).toBeLessThanOrEqual(limit('Disk'));
    expect(limit('Cpu')).toBe(16);
  });

  it('stops by itself, runs once at a time, and logs', () => {
    expect(properties('SparkApplication')).toMatchObject({
      Name: 'bikelake-prod-spark',
      Type: 'SPARK',
      ReleaseLabel: 'emr-7.13.0',
      Architecture: 'ARM64',
      AutoStopConfiguration: { Enabled: true, IdleTimeoutMinutes: 1 },
      SchedulerConfiguration: { MaxConcurrentRuns: 1 },
    });
    expect(properties('SparkLogs')).toEqual({ LogGroupName: '/aws/emr-serverless/bikelake-prod-spark', RetentionInDays: 90 });
  });
}); // biome-ignore format: tables

describe('the state machine', () => {
  it('has the definition of resources/gold/machine.cjs, and is given what CloudFormation knows', () => {
    const { DefinitionString, DefinitionSubstitutions } = properties('GoldMachine');
    const jobs = /"EntryPoint":"s3:\/\/bikelake-prod-lake\/(jobs\/[0-9a-f]{12})\/spark\/main\.py"/.exec(
      DefinitionString,
    )?.[1];
    const names = {
      lake: 'bikelake-prod-lake',
      jobs,
      workgroup: 'bikelake-prod',
      metrics: 'bikelake/prod',
      databases: { bronze: 'bikelake_prod_bronze', silver: 'bikelake_prod_silver', gold: 'bikelake_prod_gold' },
    };
    const settings = {
      service: 'bikelake',
      stage: 'prod',
      names,
      plan: JSON.parse(readFileSync(plan, 'utf8')),
      isAlways: false,
    };
    expect(DefinitionString).toBe(JSON.stringify(definitionOf(settings)));
    const wanted = new Set([...DefinitionString.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name));
    expect(new Set(Object.keys(DefinitionSubstitutions))).toEqual(wanted);
  });

  it('begins twenty minutes after midnight, with the scheduled instant', () => {
    expect(properties('GoldSchedule')).toMatchObject({
      Name: 'bikelake-prod-gold',
      ScheduleExpression: 'cron(20 0 * * ? *)',
      ScheduleExpressionTimezone: 'UTC',
      Target: { Arn: { Ref: 'GoldMachine' }, Input: '{"scheduled":"<aws.scheduler.scheduled-time>"}' },
    });
  });

  it('maintains the tables on Sunday at noon, when no day is settled; by parameter', async () => {
    expect(properties('MaintainSchedule')).toMatchObject({
      Name: 'bikelake-prod-gold-maintain',
      ScheduleExpression: 'cron(0 12 ? * SUN *)',
      ScheduleExpressionTimezone: 'UTC',
      Target: {
        Arn: { Ref: 'GoldMachine' },
        RoleArn: arn('GoldScheduleRole'),
        Input: '{"scheduled":"<aws.scheduler.scheduled-time>","steps":["maintain"]}',
      },
    });
    expect(Object.keys(await resourcesWith({ gold: 'on', maintain: 'off' }))).not.toContain('MaintainSchedule');
    expect(Object.keys(await resourcesWith({ gold: 'off', maintain: 'on' }))).not.toContain('MaintainSchedule');
  });

  it('leaves its errors in a group of its own', () => {
    expect(properties('MachineLogs').LogGroupName).toBe('/aws/vendedlogs/states/bikelake-prod-gold');
    expect(properties('GoldMachine').LoggingConfiguration.Level).toBe('ERROR');
  });
});

describe('what Athena finds', () => {
  it('tables are called as in npm run query', () => {
    const table = (id: string) => [properties(id).DatabaseName, properties(id).TableInput.Name];
    expect(['BronzeTable', 'QuarantineTable', 'LogTable'].map(table)).toEqual([
      [{ Ref: 'GlueDatabase' }, 'events'],
      [{ Ref: 'GlueDatabase' }, 'quarantine'],
      [{ Ref: 'SilverDatabase' }, 'log'],
    ]);
    const databases = ['GlueDatabase', 'SilverDatabase', 'GoldDatabase'].map((id) => properties(id).DatabaseInput.Name);
    expect(databases).toEqual(['bikelake_prod_bronze', 'bikelake_prod_silver', 'bikelake_prod_gold']);
  });

  it('the log has the columns of its objects; its lane is a partition', () => {
    const { Columns } = properties('LogTable').TableInput.StorageDescriptor;
    const glue = Object.fromEntries(Columns.map((c: { Name: string; Type: string }) => [c.Name, c.Type.toUpperCase()]));
    const { lane: _, ...columns } = LOG_COLUMNS;
    expect(glue).toEqual(columns);
  });

  it('the log is found by lane and date, those that its objects are named by', () => {
    const { PartitionKeys, Parameters } = properties('LogTable').TableInput;
    expect(PartitionKeys.map((key: { Name: string }) => key.Name)).toEqual(['lane', 'event_date']);
    expect(Parameters).toMatchObject({
      'projection.enabled': 'true',
      'projection.lane.type': 'enum',
      'projection.lane.values': 'seoul,small-1',
      'projection.event_date.type': 'date',
      'projection.event_date.range': 'NOW-40DAYS,NOW+1DAYS',
      'storage.location.template': { 'Fn::Sub': 's3://${LakeBucket}/log/lane=${!lane}/event_date=${!event_date}/' },
    });
  });

  it('lanes that relane left are still looked at: new ones have the next numbers', () => {
    const group = (...lanes: string[]) => ({ groups: [{ systems: [{ lanes }] }] });
    expect(lanesOf(group('lane-005', 'lane-003'))).toEqual(['lane-001', 'lane-002', 'lane-003', 'lane-004', 'lane-005']);
    expect(lanesOf(group('small-1', 'lane-001'))).toEqual(['lane-001', 'small-1']);
    expect(lanesOf({ groups: [] })).toEqual(['lane-001']);
  });

  it('Silver and Gold are kept with their tables when the stage goes, and found again by a stage that adopts the lake', async () => {
    for (const id of ['SilverDatabase', 'GoldDatabase']) {
      expect(on.resources[id]).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
    }
    const adopting = await resourcesWith({ lake: 'adopt' });
    expect(Object.keys(adopting)).toEqual(['LogTable', 'QuarantineTable', 'Workgroup']);
    expect(adopting.LogTable?.Properties.DatabaseName).toBe('b_silver');
  });

  it('a query has a limit that a client cannot lift', () => {
    expect(properties('Workgroup').WorkGroupConfiguration).toMatchObject({
      EnforceWorkGroupConfiguration: true,
      BytesScannedCutoffPerQuery: 7_000_000_000,
      EngineVersion: { SelectedEngineVersion: 'Athena engine version 3' },
      ResultConfiguration: { OutputLocation: { 'Fn::Sub': 's3://${LakeBucket}/athena-results/' } },
    });
  });

  it('views read columns that silver.station_status has, and make its instants times in UTC', () => {
    const { viewStatements } = require('../../resources/gold/athena.cjs') as { viewStatements: (d: object) => string[] };
    const statement = viewStatements({ bronze: 'b', silver: 's', gold: 'g' }).find((text) => text.includes('s.latest_status'));
    const bound = /WITH station_status AS \(SELECT (.*) FROM s\.station_status\)/.exec(statement ?? '')?.[1] ?? '';
    for (const column of bound.split(', ')) {
      const [, cast, name] = /^(CAST\(\w+ AS timestamp\(3\)\) AS )?(\w+)$/.exec(column) ?? [];
      expect([name, STATION_STATUS.columns[name ?? '']]).toEqual([name, cast ? 'TIMESTAMP' : expect.not.stringMatching(/^TIMESTAMP$/)]);
    }
  });
}); // biome-ignore format: lists

describe('roles', () => {
  interface Statement {
    readonly Action: readonly string[];
    readonly Resource: readonly Record<string, string | string[]>[];
    readonly Condition?: object;
  }
  const statements = (id: string): Statement[] =>
    properties(id).Policies.flatMap((p: { PolicyDocument: { Statement: Statement[] } }) => p.PolicyDocument.Statement);
  const text = (resource: Record<string, string | string[]> | string): string =>
    typeof resource === 'string'
      ? resource
      : [Object.values(resource)[0]].flat().join('.').replace('${LakeBucket.Arn}', 'lake');
  const grants = (id: string, action: string): string[] =>
    statements(id).flatMap((s) => (s.Action.includes(action) ? s.Resource.map(text) : []));

  it('the job reads the lake, and replaces Silver, Gold and reports alone', () => {
    const prefixes = (...names: string[]) => names.map((name) => `lake/${name}/*`);
    expect(grants('SparkJobRole', 's3:PutObject')).toEqual(prefixes('silver', 'gold', 'runs'));
    expect(grants('SparkJobRole', 's3:DeleteObject')).toEqual(prefixes('silver', 'gold', 'dirty'));
    expect(grants('SparkJobRole', 's3:GetObject')).toEqual(
      prefixes(
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
        'trips/in',
      ),
    );
    expect(grants('SparkJobRole', 'glue:UpdateTable').filter((resource) => resource.includes('_bronze'))).toEqual([]);
  });

  it('the machine reads by Athena, and writes results of queries alone', () => {
    expect(grants('MachineRole', 's3:PutObject')).toEqual(['lake/athena-results/*']);
    expect(grants('MachineRole', 's3:DeleteObject')).toEqual([]);
    expect(grants('MachineRole', 'sns:Publish')).toEqual(['AlarmTopic']);
    expect(grants('MachineRole', 'iam:PassRole')).toEqual(['SparkJobRole.Arn']);
    expect(grants('MachineRole', 'emr-serverless:StartJobRun')).toEqual(['SparkApplication.Arn']);
  });

  it('name every action; every resource where AWS knows one', () => {
    const all = ['SparkJobRole', 'MachineRole', 'GoldScheduleRole'].flatMap(statements);
    expect(all.flatMap((s) => s.Action).filter((action) => action.includes('*'))).toEqual([]);
    const open = all.filter((s) => s.Resource.some((resource) => text(resource) === '*'));
    expect(open.map((s) => [s.Action[0], s.Condition])).toEqual([
      ['cloudwatch:PutMetricData', { StringEquals: { 'cloudwatch:namespace': 'bikelake/prod' } }],
      ['logs:CreateLogDelivery', undefined],
    ]);
  });

  it('the job may be handed to EMR Serverless alone, and each role is for one service', () => {
    const passing = statements('MachineRole').find((s) => s.Action.includes('iam:PassRole'));
    expect(passing?.Condition).toEqual({ StringEquals: { 'iam:PassedToService': 'emr-serverless.amazonaws.com' } });
    const trusts = (id: string) => properties(id).AssumeRolePolicyDocument.Statement[0];
    const account = { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } };
    for (const [id, Service] of [
      ['SparkJobRole', 'emr-serverless.amazonaws.com'],
      ['MachineRole', 'states.amazonaws.com'],
      ['GoldScheduleRole', 'scheduler.amazonaws.com'],
    ] as const) {
      expect(trusts(id)).toMatchObject({ Principal: { Service }, Condition: account });
    }
    expect(grants('GoldScheduleRole', 'states:StartExecution')).toEqual(['GoldMachine']);
    expect(properties('GoldMachine').RoleArn).toEqual(arn('MachineRole'));
  });
});
