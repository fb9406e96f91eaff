import { FatalError } from '../../lib/errors.ts';
import { FORMAT_KEY, LOG_FORMAT } from '../../lib/silver/object.ts';
import { type Columns, LOG_COLUMNS } from '../tables.ts';
import { mustBeWhole } from './bronze-files.ts';
import type { Database } from './connection.ts';
import type { LakeFolder } from './lake-folder.ts';
import type { Manifest } from './manifest.ts';
import { literal, parquetRelation } from './relation.ts';

const LOG_PREFIX = 'log';

/** An object of the Silver log by its name, `log/lane=<lane>/event_date=<date>/<version>.parquet`. */
export interface LogFile {
  readonly key: string;
  readonly lane: string;
  readonly date: string;
  readonly version: number;
}

/** The objects in the folders from a date on, of every lane; all of them where no date is given. */
export function logFiles(lake: LakeFolder, from_date = ''): LogFile[] {
  return lake.folders(LOG_PREFIX).flatMap((lane) =>
    lake
      .folders(`${LOG_PREFIX}/${lane}`)
      .map((folder) => folder.slice('event_date='.length))
      .filter((date) => date >= from_date)
      .flatMap((date) =>
        lake.parquetKeys(`${LOG_PREFIX}/${lane}/event_date=${date}`).map((key) => ({
          key,
          lane: lane.slice('lane='.length),
          date,
          version: Number.parseInt(key.slice(key.lastIndexOf('/') + 1), 10),
        })),
      ),
  );
}

/** Objects that one statement reads: DuckDB holds about 150 KB for each, and a log has thousands. */
const OBJECTS_AT_ONCE = 250;

/** The date of the folder that a row of `keepLog` lies in: that of the chain. */
export const CHAIN_DATE = `CAST(regexp_extract(filename, 'event_date=(\\d{4}-\\d\\d-\\d\\d)/', 1) AS DATE)`;

/**
 * Keeps the result of a query over log objects as a temporary table. `query` gets the relation of some of them at a time, with `filename` beside
 * the columns of the log.
 */
export async function keepLog(
  db: Database,
  lake: LakeFolder,
  files: readonly LogFile[],
  table: string,
  query: (rows: string) => string,
): Promise<void> {
  const columns: Columns = { ...LOG_COLUMNS, filename: 'STRING' };
  await db.run(`CREATE OR REPLACE TEMPORARY TABLE ${table} AS ${query(parquetRelation(columns, []))}`);
  for (let from = 0; from < files.length; from += OBJECTS_AT_ONCE) {
    const paths = files.slice(from, from + OBJECTS_AT_ONCE).map((file) => lake.path(file.key));
    await db.run(`INSERT INTO ${table} ${query(parquetRelation(columns, paths, ', filename = true'))}`);
  }
}

/** Throws FatalError `unknown_log_format` with the name of an object that another version wrote (lib/silver/object.ts). */
async function refuseUnknown(db: Database, lake: LakeFolder, files: readonly LogFile[]): Promise<void> {
  for (let from = 0; from < files.length; from += OBJECTS_AT_ONCE) {
    const paths = files.slice(from, from + OBJECTS_AT_ONCE).map((file) => literal(lake.path(file.key)));
    const [other] = await db.rows<{ file: string; format: string }>(`
      SELECT file_name AS file, decode(value) AS format FROM parquet_kv_metadata([${paths.join(', ')}])
      WHERE decode(key) = ${literal(FORMAT_KEY)} AND decode(value) <> '${LOG_FORMAT}' LIMIT 1`);
    if (other === undefined) continue;
    const message = `${other.file}: the log object is of format ${other.format}, this version reads 0 and ${LOG_FORMAT}: settle with the version that wrote it`;
    throw new FatalError('gold', 'unknown_log_format', message);
  }
}

/**
 * Marks the dates whose audit new log objects may concern: those of their changes, that of their folder, and those with records
 * that were open. Versions are a chain without holes, so that the last one seen is all there is to remember.
 */
export async function accountForLog(db: Database, lake: LakeFolder, manifest: Manifest): Promise<void> {
  const { versions, log, open } = manifest.content;
  const fresh = logFiles(lake).filter((file) => file.version > (versions[file.lane] ?? 0));
  if (fresh.length === 0) return;
  for (const { key } of fresh) mustBeWhole(lake, key);
  await refuseUnknown(db, lake, fresh);
  const mark =
    fresh
      .map((file) => `${file.lane} ${file.version}`)
      .sort()
      .at(-1) ?? '';
  await keepLog(
    db,
    lake,
    fresh,
    'log_dates',
    (rows) => `SELECT DISTINCT CAST(CAST(slot AS DATE) AS VARCHAR) AS date FROM (${rows}) WHERE row_kind = 'change'`,
  );
  const changed = await db.rows<{ date: string }>('SELECT DISTINCT date FROM log_dates');
  const dates = [...changed.map((row) => row.date), ...fresh.map((file) => file.date), ...Object.keys(open)];
  for (const date of new Set(dates)) log[date] = `${log[date] ?? ''}|${mark}`.slice(-100);
  for (const { lane, version } of fresh) versions[lane] = Math.max(versions[lane] ?? 0, version);
}
