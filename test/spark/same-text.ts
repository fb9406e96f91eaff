import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Database } from '../../jobs/duckdb/connection.ts';
import { dayQuery } from '../../jobs/duckdb/days.ts';
import { readPlan } from '../../jobs/duckdb/feeds.ts';
import { LakeFolder } from '../../jobs/duckdb/lake-folder.ts';
import { BRONZE_COLUMNS, literal, parquetRelation, queryText } from '../../jobs/duckdb/relation.ts';
import { reloadRanges, reloadsQuery } from '../../jobs/duckdb/reloads.ts';
import { SHARED_VIEWS } from '../../jobs/duckdb/views.ts';
import { type Columns, LOG_COLUMNS, TABLES, TRIPS_DAILY } from '../../jobs/tables.ts';
import type { Texts } from './spark-runs.ts';

/** The texts that no settled table is made of: the views that Athena takes as well, the gate, and the ledger of the lanes as the log has it. Both engines run them over the same files. */

const FLAT = /^(\w+)\./;
/** A view or table as a relation of no schema. */
const flat = (table: string): string => table.replace(FLAT, '$1_');

/**
 * The views and the gate of a date, over a lake that is settled, and another where trips were counted; `now_ms` is when the gate is asked. Rows of Spark
 * come into `out`.
 */
export function viewsAndGate(root: string, trips: string, date: string, now_ms: number, out: string): Texts {
  const lake = new LakeFolder(root);
  const counted = new LakeFolder(trips);
  const stored = (name: string, columns: Columns, prefix: string) => {
    const files = lake.parquetKeys(prefix).map((key) => lake.path(key));
    return [name, columns, files, null] as const;
  };
  const query = (name: string, sql: string) => [name, {}, [], sql] as const;
  const groups = readPlan(lake.path('config/plan.json')).groups.map(({ group_id }) => `(${literal(group_id)})`);
  const views = SHARED_VIEWS.map(({ view, inputs }) => {
    const text = `views/${flat(view)}`;
    const bound = Object.entries(inputs).map(([input, table]) => `${input} AS (${rowsOf(table)})`);
    return { name: flat(view), text, sql: `WITH ${bound.join(', ')} SELECT * FROM (${queryText(text)})` };
  });
  return {
    relations: [
      stored('bronze_events', BRONZE_COLUMNS, 'bronze/events'),
      stored('silver_log', LOG_COLUMNS, 'log'),
      ...TABLES.map(({ name, columns }) => stored(flat(name), columns, name.replace('.', '/'))),
      [
        flat(TRIPS_DAILY.name),
        TRIPS_DAILY.columns,
        counted.parquetKeys(TRIPS_DAILY.name.replace('.', '/')).map((key) => counted.path(key)),
        null,
      ],
      query('bronze_reloads', reloadsQuery(reloadRanges(lake))),
      ...views.map(({ name, sql }) => query(name, sql)),
      query('log_batches', "SELECT * FROM silver_log WHERE row_kind = 'batch'"),
      query('batch_ranges', queryText('ledger/batch_ranges')),
      query('stream_records', 'SELECT * FROM silver_records'),
      query('bronze_all', 'SELECT * FROM bronze_events'),
      query('day', dayQuery(date)),
      query('clock', `SELECT CAST(${now_ms} AS BIGINT) AS now_ms`),
      query('poll_groups', `SELECT * FROM (VALUES ${groups.join(', ')}) AS v(group_id)`),
    ],
    queries: [
      ...views.map(({ name, text }) => [name, [text], `SELECT * FROM ${name}`] as const),
      ['ledger_gate', ['gate/ledger_gate'], queryText('gate/ledger_gate')],
      ['ledger_lanes', ['ledger/ledger_lanes', 'ledger/batch_ranges'], queryText('ledger/ledger_lanes')],
    ],
    out: pathToFileURL(out).href,
  };
}

/** Of Bronze the rows that count, as jobs/duckdb/views.ts has them. */
const rowsOf = (table: string): string =>
  table === 'bronze.events'
    ? `WITH bronze_all AS (SELECT * FROM bronze_events), reloads AS (SELECT * FROM bronze_reloads) ${queryText('settle/00_bronze_window')}`
    : `SELECT * FROM ${flat(table)}`;

/** Makes the relations in DuckDB; answers with the rows that each query has there and those that Spark wrote, as relations `ours` and `theirs`. */
export async function bindTexts(
  db: Database,
  texts: Texts,
): Promise<readonly { name: string; ours: string; theirs: string }[]> {
  for (const [name, columns, files, query] of texts.relations) {
    await db.run(`CREATE OR REPLACE TEMPORARY VIEW ${name} AS ${query ?? parquetRelation(columns, files)}`);
  }
  return texts.queries.map(([name, , ours]) => {
    const folder = join(new URL(texts.out).pathname, name);
    const files = readdirSync(folder).filter((file) => file.endsWith('.parquet')).map((file) => literal(join(folder, file))); // biome-ignore format: one line
    return { name, ours, theirs: `SELECT * FROM read_parquet([${files.join(', ')}])` };
  });
}
