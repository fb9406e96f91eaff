import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../jobs/duckdb/connection.ts';
import { type SqlType, TABLES, TRIP_TABLES } from '../../jobs/tables.ts';
import { SUPPRESSIONS } from '../../resources/suppressions.ts';
import { findingsIn } from '../../resources/validate.ts';
import { judge } from '../../resources/verdict.ts';
import { type Packaged, packageService, type TemplateResource } from './package-service.ts';

interface DataSet {
  readonly of: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly joined?: Readonly<Record<string, string>>;
}
const { DATA_SETS, sqlOf } = createRequire(import.meta.url)('../../resources/quicksight/data-sets.cjs') as {
  readonly DATA_SETS: Readonly<Record<string, DataSet>>;
  readonly sqlOf: (set: DataSet, databases: { gold: string; silver: string }) => string;
};

const plan = fileURLToPath(new URL('fixtures/plan.json', import.meta.url));
const PRINCIPAL = 'arn:aws:quicksight:us-east-1:111111111111:user/default/ada';
const ON = { plan, gold: 'on', quicksight: 'on', quicksightPrincipal: PRINCIPAL };
const room = mkdtempSync(join(tmpdir(), 'bikelake-quicksight-'));
let packaged: Packaged;
beforeAll(() => {
  packaged = packageService('prod', ON);
}, 60_000);
afterAll(() => {
  packaged?.remove();
  rmSync(room, { recursive: true });
});

const ofType = (type: string): [string, TemplateResource][] =>
  Object.entries(packaged.resources).filter(([, { Type }]) => Type === `AWS::QuickSight::${type}`);
const only = (type: string): TemplateResource => {
  const [found, ...others] = ofType(type);
  if (found === undefined || others.length > 0) throw new Error(`${others.length + 1} of ${type}`);
  return found[1];
};

describe('data sets', () => {
  const QUICKSIGHT_TYPE: Readonly<Record<SqlType, string>> = {
    STRING: 'STRING',
    INT: 'INTEGER',
    BIGINT: 'INTEGER',
    DOUBLE: 'DECIMAL',
    BOOLEAN: 'BOOLEAN',
    TIMESTAMP: 'DATETIME',
    DATE: 'DATETIME',
  };

  it.each(Object.entries(DATA_SETS))('%s has columns and types of its table', (_, { of, columns }) => {
    const table = [...TABLES, ...TRIP_TABLES].find(({ name }) => name === of);
    const there = Object.entries(table?.columns ?? {}).map(([name, type]) => [name, QUICKSIGHT_TYPE[type]]);
    expect(Object.fromEntries(there)).toMatchObject(columns);
  });

  /** The one part of Athena's dialect that DuckDB hasn't. */
  const forDuckDb = (sql: string): string =>
    sql.replace(
      'CROSS JOIN UNNEST(CAST(json_parse(q.failed_reasons) AS map(varchar, bigint))) AS r (reason, polls)',
      `CROSS JOIN LATERAL (SELECT k AS reason, CAST(json_extract(q.failed_reasons, '$."' || k || '"') AS BIGINT) AS polls
         FROM unnest(json_keys(q.failed_reasons)) AS keys(k)) AS r`,
    );
  const DUCKDB_TYPE: Readonly<Record<string, readonly string[]>> = {
    STRING: ['VARCHAR'],
    INTEGER: ['INTEGER', 'BIGINT'],
    DECIMAL: ['DOUBLE'],
    DATETIME: ['DATE', 'TIMESTAMP_MS'],
  };

  it.each(Object.entries(DATA_SETS))('%s: its query gives these columns', async (name, set) => {
    await using db = await Database.open({ threads: 1, memory_mb: 200, spill_dir: join(room, 'spill') });
    for (const schema of ['silver', 'gold']) await db.run(`CREATE SCHEMA ${schema}`);
    for (const table of [...TABLES, ...TRIP_TABLES]) {
      const columns = Object.entries(table.columns).map(
        ([column, type]) => `"${column}" ${type === 'TIMESTAMP' ? 'TIMESTAMPTZ' : type}`,
      );
      await db.run(`CREATE TABLE ${table.name} (${columns.join(', ')})`);
    }
    await db.run(`INSERT INTO gold.feed_quality_daily (system_id, feed, event_date, failed_reasons) VALUES
      ('a', 'station_status', DATE '2026-11-21', '{"http_502":3,"timed_out":1}'), ('b', 'station_status', DATE '2026-11-21', NULL)`);
    const sql = forDuckDb(sqlOf(set, { gold: 'gold', silver: 'silver' }));
    const rows = await db.rows<{ column_name: string; column_type: string }>(`DESCRIBE ${sql}`);
    const expected = Object.entries({ ...set.columns, ...set.joined });
    expect(rows.map((row) => row.column_name)).toEqual(expected.map(([column]) => column));
    for (const [n, [column, type]] of expected.entries())
      expect(DUCKDB_TYPE[type], column).toContain(rows[n]?.column_type);
    if (name === 'poll_failures')
      expect((await db.answer(`SELECT reason, polls FROM (${sql}) ORDER BY ALL`)).rows).toEqual([
        ['http_502', 3],
        ['timed_out', 1],
      ]);
  });

  it('read the tables of their own stage, and stand in the template with their queries', () => {
    const queries = ofType('DataSet').map(([, { Properties }]) => Properties.PhysicalTableMap.gold.CustomSql.SqlQuery);
    expect(queries).toEqual(
      Object.values(DATA_SETS).map((set) => sqlOf(set, { gold: 'bikelake_prod_gold', silver: 'bikelake_prod_silver' })),
    );
    expect(queries.join(' ')).not.toContain('_dev_');
  });

  it('are read each morning after the day is settled; the hours in part, and whole on Sundays', () => {
    const schedules = ofType('RefreshSchedule').map(([, { Properties }]) => [
      Properties.DataSetId.replace('bikelake-prod-', ''),
      Properties.Schedule.RefreshType,
      Properties.Schedule.ScheduleFrequency.Interval,
      Properties.Schedule.ScheduleFrequency.TimeOfTheDay,
    ]);
    expect(schedules.sort((a, b) => a.join().localeCompare(b.join()))).toEqual([
      ['audit-daily', 'FULL_REFRESH', 'DAILY', '05:00'],
      ['feed-quality-daily', 'FULL_REFRESH', 'DAILY', '05:00'],
      ['ledger-daily', 'FULL_REFRESH', 'DAILY', '05:00'],
      ['poll-failures', 'FULL_REFRESH', 'DAILY', '05:00'],
      ['station-hourly', 'FULL_REFRESH', 'WEEKLY', '07:00'],
      ['station-hourly', 'INCREMENTAL_REFRESH', 'DAILY', '05:00'],
      ['station-profile', 'FULL_REFRESH', 'DAILY', '05:00'],
      ['system-daily', 'FULL_REFRESH', 'DAILY', '05:00'],
      ['trips-daily', 'FULL_REFRESH', 'DAILY', '05:00'],
    ]);
    const { ColumnName } =
      packaged.resources.QsStationHourly?.Properties.DataSetRefreshProperties.RefreshConfiguration.IncrementalRefresh
        .LookbackWindow ?? {};
    expect(DATA_SETS.station_hourly?.columns[ColumnName]).toBe('DATETIME');
  });

  it('are queried by a role that reads Gold and Silver, and writes results', () => {
    const { Properties } = packaged.resources.QuickSightRole ?? {};
    const statements = Properties?.Policies[0].PolicyDocument.Statement as { Action: string[]; Resource: unknown[] }[];
    const text = JSON.stringify(statements);
    expect(statements.flatMap(({ Action }) => Action).filter((action) => action.includes('*'))).toEqual([]);
    expect(text.match(/\/(\w[\w-]*)\/\*"/g)).toEqual(['/bikelake_prod_gold/*"', '/bikelake_prod_silver/*"', '/gold/*"', '/silver/*"', '/athena-results/*"']); // biome-ignore format: a list
    expect(text).toContain('workgroup/bikelake-prod"');
    expect(only('DataSource').Properties.DataSourceParameters.AthenaParameters).toEqual({
      WorkGroup: { Ref: 'Workgroup' },
      RoleArn: { 'Fn::GetAtt': ['QuickSightRole', 'Arn'] },
    });
  });
});

// biome-ignore lint/suspicious/noExplicitAny: a definition is walked through, not computed with
type Json = any;

/** Every object within a value that has the member. */
function withMember(value: Json, member: string): Json[] {
  if (value === null || typeof value !== 'object') return [];
  const own = !Array.isArray(value) && member in value ? [value[member]] : [];
  return [...own, ...Object.values(value).flatMap((inner) => withMember(inner, member))];
}

describe('the dashboard', () => {
  const definition = (): Json => only('Dashboard').Properties.Definition;
  const duplicates = (list: readonly string[]): string[] => list.filter((one, n) => list.indexOf(one) !== n);

  it('is what the analysis shows', () => {
    expect(only('Analysis').Properties.Definition).toEqual(definition());
    expect(definition().Sheets.map((sheet: Json) => sheet.Name)).toEqual([
      "A city's day",
      'Can I trust it',
      'Trips that were published',
    ]);
  });

  it('uses no column that its data set hasn’t', () => {
    const { CalculatedFields } = definition();
    const columnsOf = (set: string) => [
      ...Object.keys({ ...DATA_SETS[set]?.columns, ...DATA_SETS[set]?.joined }),
      ...CalculatedFields.filter((f: Json) => f.DataSetIdentifier === set).map((f: Json) => f.Name),
    ];
    const used = withMember(definition(), 'Column').map(({ DataSetIdentifier, ColumnName }) => [
      DataSetIdentifier,
      ColumnName,
    ]);
    const calculated = CalculatedFields.flatMap((f: Json) =>
      [...f.Expression.matchAll(/\{(\w+)\}/g)].map(([, name]) => [f.DataSetIdentifier, name]),
    );
    expect(used.length).toBeGreaterThan(40);
    expect(calculated.length).toBeGreaterThan(10);
    expect([...used, ...calculated].filter(([set, name]) => !columnsOf(set).includes(name))).toEqual([]);
  });

  it('has a use for each data set and each calculated field', () => {
    const used = withMember(definition().Sheets, 'Column').map((c: Json) => `${c.DataSetIdentifier}.${c.ColumnName}`);
    const sets = new Set(used.map((name) => name.split('.')[0]));
    expect(definition().DataSetIdentifierDeclarations.map((d: Json) => d.Identifier)).toEqual(Object.keys(DATA_SETS));
    expect(Object.keys(DATA_SETS).filter((set) => !sets.has(set))).toEqual([]);
    const calculated = definition().CalculatedFields.map((f: Json) => `${f.DataSetIdentifier}.${f.Name}`);
    expect(calculated.filter((name: string) => !used.includes(name))).toEqual([]);
  });

  it('gives a name once, and sorts by fields that are there', () => {
    const fields = withMember(
      definition().Sheets.map((s: Json) => s.Visuals.map((v: Json) => withMember(v, 'FieldWells'))),
      'FieldId',
    );
    expect(duplicates(fields)).toEqual([]);
    const sorted = withMember(definition().Sheets, 'FieldSort').map((sort) => sort.FieldId);
    expect(sorted.filter((field) => !fields.includes(field))).toEqual([]);
    for (const member of ['VisualId', 'SheetId', 'FilterControlId', 'FilterGroupId']) {
      const names = withMember(
        {
          ...definition(),
          FilterGroups: definition().FilterGroups.map((g: Json) => ({ FilterGroupId: g.FilterGroupId })),
        },
        member,
      );
      expect(duplicates(names.filter((name) => typeof name === 'string')), member).toEqual([]);
    }
  });

  it('has a place for each visual and control, inside the grid and over no other', () => {
    for (const sheet of definition().Sheets) {
      const elements: Json[] = sheet.Layouts[0].Configuration.GridLayout.Elements;
      const visuals = sheet.Visuals.map((v: Json) => Object.values<Json>(v)[0].VisualId);
      expect(elements.map((e) => e.ElementId)).toEqual(visuals);
      const cells = elements.flatMap((e) =>
        Array.from({ length: e.RowSpan * e.ColumnSpan }, (_, n) => {
          const column = e.ColumnIndex + (n % e.ColumnSpan);
          expect(column).toBeLessThan(36);
          return `${column}/${e.RowIndex + Math.floor(n / e.ColumnSpan)}`;
        }),
      );
      expect(duplicates(cells)).toEqual([]);
      const controls = withMember(sheet.FilterControls, 'FilterControlId');
      expect(withMember(sheet.SheetControlLayouts, 'ElementId')).toEqual(controls);
      const filters = definition().FilterGroups.flatMap((g: Json) => withMember(g.Filters, 'FilterId'));
      for (const source of withMember(sheet.FilterControls, 'SourceFilterId')) expect(filters).toContain(source);
    }
  });
});

describe('the parameter', () => {
  const resourcesFor = createRequire(import.meta.url)('../../resources/quicksight.cjs') as (
    context: object,
  ) => Promise<{ readonly Resources: Readonly<Record<string, TemplateResource>> }>;
  const asked = (parameters: Readonly<Record<string, string>>) =>
    resourcesFor({ resolveVariable: async (name: string) => parameters[name.replace('param:', '')] });

  it('off: the template has nothing of QuickSight', async () => {
    expect(await asked({ quicksight: 'off', gold: 'on' })).toEqual({ Resources: {} });
  });

  it.each([
    [{ gold: 'off', quicksight: 'on', quicksightPrincipal: PRINCIPAL }, 'quicksight is on and gold is off'],
    [
      { gold: 'on', quicksight: 'on', quicksightPrincipal: '' },
      'quicksightPrincipal ("") is not the ARN of a user or group',
    ],
    [{ gold: 'on', quicksight: 'yes' }, 'the parameter quicksight is "yes", and takes on or off'],
  ])('that can’t be meant is refused: %#', async (parameters, message) => {
    await expect(asked(parameters as unknown as Record<string, string>)).rejects.toThrow(message);
  });

  it('on: the validator has no open finding', () => {
    const ours = Object.entries(packaged.resources).filter(([id]) => /^(Qs|QuickSight)/.test(id));
    const Workgroup = { Type: 'AWS::Athena::WorkGroup', Properties: { Name: 'w' } };
    const { LakeBucket } = packaged.resources;
    const file = join(room, 'template.json');
    writeFileSync(file, JSON.stringify({ Resources: { Workgroup, LakeBucket, ...Object.fromEntries(ours) } }));
    const { open, suppressed } = judge(findingsIn(file).findings, SUPPRESSIONS);
    expect(open.filter((f) => ours.some(([id]) => id === f.resource))).toEqual([]);
    const reason = SUPPRESSIONS.find(({ rule }) => rule === 'W9009');
    expect(reason && suppressed.get(reason)).toBe(1);
  }, 60_000);
});
