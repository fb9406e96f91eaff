import { readFileSync } from 'node:fs';
import { COLUMNS } from '../../lib/stream/columns.ts';
import type { Columns, SqlType } from '../tables.ts';

/** The text of a query of jobs/sql, such as `settle/01_records`. */
export function queryText(name: string): string {
  return readFileSync(new URL(`../sql/${name}.sql`, import.meta.url), 'utf8');
}

/** A string literal. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const duckType = (type: SqlType): string => (type === 'TIMESTAMP' ? 'TIMESTAMPTZ' : type);

/** The query's columns, by name, in the types that the table has. */
export function typed(columns: Columns, query: string): string {
  const list = Object.entries(columns).map(([name, type]) => `CAST(${name} AS ${duckType(type)}) AS ${name}`);
  return `SELECT ${list.join(', ')} FROM (${query})`;
}

/** No row, with these columns. */
export function emptyRelation(columns: Columns): string {
  const list = Object.entries(columns).map(([name, type]) => `CAST(NULL AS ${duckType(type)}) AS ${name}`);
  return `SELECT ${list.join(', ')} WHERE false`;
}

/** The rows of Parquet files (paths or patterns), by column name; a column that a file lacks is null, and so is a file that isn't there no error. */
export function parquetRelation(columns: Columns, files: readonly string[], extra = ''): string {
  const empty = emptyRelation(columns);
  if (files.length === 0) return empty;
  const list = files.map(literal).join(', ');
  const rows = `SELECT * FROM read_parquet([${list}], union_by_name = true, hive_partitioning = false${extra})`;
  return `SELECT ${Object.keys(columns).join(', ')} FROM (${empty} UNION ALL BY NAME ${rows})`;
}

/** The columns of Bronze (lib/stream/columns.json), whose Glue types are SQL's names in small letters. */
export const BRONZE_COLUMNS: Columns = Object.fromEntries(
  COLUMNS.map(({ name, type }) => [name, type.toUpperCase() as SqlType]),
);
