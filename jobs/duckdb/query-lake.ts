import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Answer, Database, prelude } from './connection.ts';
import { LakeFolder } from './lake-folder.ts';
import { createViews, tableNames, viewStatements } from './views.ts';

/** The lake bucket of a state folder: the one whose name ends in `-lake`. Throws with the remedy where there is none. */
export function findLake(dir: string): string {
  const buckets = join(dir, 's3');
  const names = existsSync(buckets) ? readdirSync(buckets).filter((name) => name.endsWith('-lake')) : [];
  const [name, ...others] = names.sort();
  if (name === undefined) {
    throw new Error(`${dir} holds no lake: run "npm start" first, or name its state folder with --dir`);
  }
  if (others.length > 0) throw new Error(`${buckets} holds several lakes (${names.join(', ')}): keep one`);
  return join(buckets, name);
}

const ATTEMPTS = 5;
/** What DuckDB says of a file that was replaced or removed after the views were made. */
const MOVED =
  /No files found|Could not read|No such file|changed on disk|Cannot open file|not a Parquet file|TProtocolException/i;

/**
 * Runs a query over the lake `<state>/s3/<bucket>`. A run may replace files meanwhile: then it is asked again.
 * Throws one message: what is wrong with the SQL, and for an unknown table which ones there are.
 */
export async function queryLake(root: string, sql: string): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask(root, sql);
    } catch (error) {
      if (attempt >= ATTEMPTS || !MOVED.test(String(error))) throw error;
    }
  }
}

/** A script that makes the tables of `queryLake` and Spark's names in any DuckDB from 1.3 on, over the files that are there now. */
export function lakeScript(root: string): string {
  return `${prelude()}\n${viewStatements(new LakeFolder(resolve(root))).join(';\n')};\n`;
}

async function ask(root: string, sql: string): Promise<Answer> {
  const spill_dir = mkdtempSync(join(tmpdir(), 'bikelake-query-'));
  try {
    await using db = await Database.open({ threads: 2, memory_mb: 1024, spill_dir });
    await createViews(db, new LakeFolder(root));
    try {
      return await db.answer(sql);
    } catch (error) {
      throw new Error(await explained(db, error), { cause: error });
    }
  } finally {
    rmSync(spill_dir, { recursive: true, force: true });
  }
}

async function explained(db: Database, error: unknown): Promise<string> {
  const message = error instanceof Error ? error.message : String(error);
  if (!/Table with name|Catalog "|Schema with name/.test(message)) return message;
  return `${message.split('\n')[0]}\nTables: ${(await tableNames(db)).join(', ')}`;
}
