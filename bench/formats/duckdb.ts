import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Database } from '../../jobs/duckdb/connection.ts';
import { literal } from '../../jobs/duckdb/relation.ts';
import { type Case, ROW_GROUP } from './cases.ts';
import { DAY_COLUMNS } from './day.ts';

const NAMES = Object.keys(DAY_COLUMNS).join(', ');
const ENDINGS: Readonly<Record<string, string>> = { gzip: '.gz', zstd: '.zst', none: '' };

/** DuckDB with two threads and without its cache of files, so that each query reads what it needs. */
export async function openDuckDB(room: string): Promise<Database> {
  const db = await Database.open({ threads: 2, memory_mb: 2048, spill_dir: join(room, 'spill') });
  await db.run('SET enable_external_file_cache = false');
  return db;
}

/** The day in an order, as every writer reads it. */
export async function writeSource(db: Database, bronze: string, order: Case['order'], file: string): Promise<void> {
  const by = order === 'time' ? 'slot_ms, part, line' : 'station_id, slot_ms';
  const query = `SELECT ${NAMES} FROM read_parquet(${literal(bronze)}) ORDER BY ${by}`;
  await db.run(`COPY (${query}) TO ${literal(file)} (FORMAT parquet, COMPRESSION snappy)`);
}

export async function writeByDuckDB(db: Database, of: Case, source: string, folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const ending = of.format === 'parquet' ? '.parquet' : `.${of.format}${ENDINGS[of.compression]}`;
  const options = [`FORMAT ${of.format}`, `COMPRESSION ${of.compression}`];
  if (of.format === 'parquet') options.push(`ROW_GROUP_SIZE ${of.row_group ?? ROW_GROUP}`);
  if (of.format === 'csv') options.push('HEADER true');
  const file = literal(join(folder, `part${ending}`));
  await db.run(`COPY (SELECT * FROM read_parquet(${literal(source)})) TO ${file} (${options.join(', ')})`);
}

/** The one row of a query over the case's files. */
export async function askDuckDB(db: Database, of: Case, folder: string, sql: string): Promise<readonly unknown[]> {
  const { rows } = await db.answer(`WITH day AS (SELECT * FROM ${relation(of, folder)}) ${sql}`);
  return rows[0] ?? [];
}

function relation({ format, compression }: Case, folder: string): string {
  const files = literal(join(folder, 'part*'));
  if (format === 'parquet') return `read_parquet(${files})`;
  const types = Object.entries(DAY_COLUMNS).map(([name, type]) => `${name}: '${type === 'string' ? 'VARCHAR' : type}'`);
  const text = `columns = {${types.join(', ')}}, compression = '${compression}'`;
  return format === 'json'
    ? `read_json(${files}, format = 'newline_delimited', ${text})`
    : `read_csv(${files}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', ${text})`;
}
