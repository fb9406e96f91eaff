import views from '../sql/views/views.json' with { type: 'json' };
import { type Columns, LOG_COLUMNS, TABLES, TRIP_TABLES } from '../tables.ts';
import type { Database } from './connection.ts';
import type { LakeFolder } from './lake-folder.ts';
import { BRONZE_COLUMNS, parquetRelation, queryText } from './relation.ts';
import { reloadRanges, reloadsQuery } from './reloads.ts';

/** The views whose texts Athena takes as well (jobs/sql/views), in the order in which they can be made. */
export const SHARED_VIEWS: readonly { readonly view: string; readonly inputs: Readonly<Record<string, string>> }[] =
  views;

/**
 * The statements that make the schemas bronze, silver and gold over a lake as it is now. Each table is there also before it has rows, with
 * its columns. Files that come later are not seen by these views.
 */
export function viewStatements(lake: LakeFolder): string[] {
  const schemas = ['bronze', 'silver', 'gold'].map((schema) => `CREATE SCHEMA IF NOT EXISTS ${schema}`);
  const view = (name: string, query: string): string => `CREATE OR REPLACE VIEW ${name} AS ${query}`;
  const stored = (columns: Columns, prefix: string): string =>
    parquetRelation(
      columns,
      lake.parquetKeys(prefix).map((key) => lake.path(key)),
    );
  const shared = SHARED_VIEWS.map(({ view: name, inputs }) => {
    const bound = Object.entries(inputs).map(([input, table]) => `${input} AS (${rowsOf(table)})`);
    return view(name, `WITH ${bound.join(', ')} SELECT * FROM (${queryText(`views/${name.replace('.', '_')}`)})`);
  });
  return [
    ...schemas,
    view('bronze.events', stored(BRONZE_COLUMNS, 'bronze/events')),
    view('silver.log', stored(LOG_COLUMNS, 'log')),
    ...[...TABLES, ...TRIP_TABLES].map(({ name, columns }) => view(name, stored(columns, name.replace('.', '/')))),
    view('bronze.reloads', reloadsQuery(reloadRanges(lake))),
    ...shared,
    view(
      'gold.ledger_lanes',
      `WITH stream_records AS (SELECT * FROM silver.records), log_batches AS (SELECT * FROM silver.batches),
       batch_ranges AS (${queryText('ledger/batch_ranges')})
     SELECT * FROM (${queryText('ledger/ledger_lanes')})`,
    ),
  ];
}

/** Makes the views of `viewStatements`. */
export async function createViews(db: Database, lake: LakeFolder): Promise<void> {
  for (const statement of viewStatements(lake)) await db.run(statement);
}

/** Of Bronze the rows that count: what a reload superseded is in bronze.events alone. */
const rowsOf = (table: string): string =>
  table === 'bronze.events'
    ? `WITH bronze_all AS (SELECT * FROM bronze.events), reloads AS (SELECT * FROM bronze.reloads)
       ${queryText('settle/00_bronze_window')}`
    : `SELECT * FROM ${table}`;

/** Names of all tables, by schema. */
export async function tableNames(db: Database): Promise<string[]> {
  const rows = await db.rows<{ name: string }>(
    `SELECT schema_name || '.' || view_name AS name FROM duckdb_views() WHERE schema_name IN ('bronze', 'silver', 'gold') ORDER BY name`,
  );
  return rows.map((row) => row.name);
}
