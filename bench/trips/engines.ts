import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Database } from '../../jobs/duckdb/connection.ts';
import { LakeFolder } from '../../jobs/duckdb/lake-folder.ts';
import { literal } from '../../jobs/duckdb/relation.ts';
import { countTrips } from '../../jobs/duckdb/trips.ts';
import { sparkEnvironment, sparkVariables } from '../../jobs/spark/environment.ts';
import { TRIPS_DAILY } from '../../jobs/tables.ts';
import type { TripsReport } from '../../jobs/trips/report.ts';
import type { Count } from './plain-count.ts';

const LIMITS = { threads: 2, memory_mb: 2048 };
const PROGRAM = fileURLToPath(new URL('../../jobs/spark/main.py', import.meta.url));
const DAILY = TRIPS_DAILY.name.replace('.', '/');

/** Counts in this process, into a lake below the room. */
export async function byDuckDB(room: string, paths: readonly string[]): Promise<() => Promise<Count>> {
  const root = join(room, 's3', 'bench-lake');
  const report = await countTrips(root, paths, LIMITS);
  const lake = new LakeFolder(root);
  return () =>
    countOf(
      room,
      report,
      lake.parquetKeys(DAILY).map((key) => lake.path(key)),
    );
}

/** Counts as `npm run spark -- trips` does, in a session of its own. The warehouse is new, so that its files are of one snapshot. */
export async function bySpark(room: string, paths: readonly string[]): Promise<() => Promise<Count>> {
  const folder = join(room, 'iceberg');
  const warehouse = pathToFileURL(folder).href;
  const places = ['--lake', warehouse, '--warehouse', warehouse, '--run', 'bench'];
  const files = paths.flatMap((path) => ['--in', pathToFileURL(path).href]);
  const environment = sparkEnvironment();
  const { status } = spawnSync(environment.python, [PROGRAM, ...places, ...files, 'trips'], {
    env: sparkVariables(environment, LIMITS),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`Spark ended with ${status}`);
  const report = JSON.parse(readFileSync(join(folder, 'runs', 'bench.json'), 'utf8')) as TripsReport;
  return () => countOf(room, report, [join(folder, DAILY, 'data', '*.parquet')]);
}

/** What a report and the files of gold.trips_daily say. */
async function countOf(room: string, { files }: TripsReport, daily: readonly string[]): Promise<Count> {
  await using db = await Database.open({ ...LIMITS, spill_dir: join(room, 'spill') });
  const rows = await db.rows<{ key: string; trips: number }>(
    `SELECT CAST(event_date AS VARCHAR) || ' ' || coalesce(place_id, 'none') AS key, CAST(sum(trips) AS DOUBLE) AS trips
     FROM read_parquet([${daily.map(literal).join(', ')}]) GROUP BY ALL`,
  );
  return {
    trips: files.reduce((sum, file) => sum + file.trips, 0),
    rejected: files.reduce((sum, file) => sum + file.rejected, 0),
    places: new Map(rows.map(({ key, trips }) => [key, trips])),
  };
}
