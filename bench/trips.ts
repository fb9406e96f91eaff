/**
 * `npm run bench:trips -- [--rows 20000000] [--dir DIR] [--only duckdb|spark]`: writes files of New York's high-volume for-hire vehicles as TLC documents
 * them, the same ones each time, counts their trips with both engines, and compares the counts with those of the rule that made them.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Database } from '../jobs/duckdb/connection.ts';
import { countTrips } from '../jobs/duckdb/trips.ts';
import { sparkEnvironment, sparkVariables } from '../jobs/spark/environment.ts';

/** The types that TLC's months have had for a zone, and for the fee that isn't read. */
const MONTHS = [
  { month: '2019-02', zone: 'INTEGER', fee: 'CAST(NULL AS INTEGER)' },
  { month: '2022-06', zone: 'BIGINT', fee: 'CAST(0 AS DOUBLE)' },
  { month: '2023-01', zone: 'DOUBLE', fee: 'CAST(2.5 AS DOUBLE)' },
  { month: '2024-03', zone: 'INTEGER', fee: 'CAST(0 AS DOUBLE)' },
] as const;

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '20000000' }, dir: { type: 'string' }, only: { type: 'string' } },
});
const rows = Math.floor(Number(values.rows) / MONTHS.length);
const dir = values.dir ?? mkdtempSync(join(tmpdir(), 'bikelake-trips-'));
const files = join(dir, 'files');
mkdirSync(files, { recursive: true });

/** Row i of a month: its second in 28 days and its zone by multiplication; one of 100,000 has the zone 0, one of 50,000 ends before it starts. */
async function generate(): Promise<void> {
  await using db = await Database.open({ threads: 2, memory_mb: 2048, spill_dir: join(dir, 'spill') });
  for (const { month, zone, fee } of MONTHS) {
    const started = `TIMESTAMP '${month}-01 00:00:00' + to_seconds(CAST(i * 7919 % ${28 * 86_400} AS BIGINT))`;
    await db.run(`COPY (
      SELECT 'HV000' || (3 + i % 3) AS hvfhs_license_num, 'B0' || (2000 + i % 900) AS dispatching_base_num, ${started} AS pickup_datetime,
        ${started} + to_seconds(CASE WHEN i % 50000 = 1 THEN -7200 ELSE 300 + i % 3000 END) AS dropoff_datetime,
        CAST(CASE WHEN i % 100000 = 0 THEN 0 ELSE 1 + i * 31 % 265 END AS ${zone}) AS PULocationID,
        CAST(1 + i * 17 % 265 AS ${zone}) AS DOLocationID, (i % 3000) / 100 AS trip_miles, ${fee} AS airport_fee, 'N' AS shared_request_flag
      FROM range(${rows}) AS r(i)
    ) TO '${join(files, `fhvhv_tripdata_${month}.parquet`)}' (FORMAT parquet, COMPRESSION snappy)`);
  }
}

const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);

let since = performance.now();
await generate();
console.log(`${rows * MONTHS.length} rows in ${MONTHS.length} files, written in ${seconds(since)} s`);
const expected = { trips: 0, rejected: 0 };
for (let i = 0; i < rows; i++) {
  if (i % 100_000 === 0 || i % 50_000 === 1) expected.rejected += MONTHS.length;
  else expected.trips += MONTHS.length;
}
const check = (engine: string, found: readonly { trips: number; rejected: number }[]): void => {
  const trips = found.reduce((sum, file) => sum + file.trips, 0);
  const rejected = found.reduce((sum, file) => sum + file.rejected, 0);
  const isEqual = trips === expected.trips && rejected === expected.rejected;
  console.log(
    `${engine}: ${trips} trips, ${rejected} rejected in ${seconds(since)} s; ${isEqual ? 'as expected' : 'NOT as expected'}`,
  );
  if (!isEqual) process.exitCode = 1;
};
if (values.only !== 'spark') {
  since = performance.now();
  const root = join(dir, 's3', 'bench-lake');
  check('DuckDB', (await countTrips(root, [files], { threads: 2, memory_mb: 2048 })).files);
}
if (values.only !== 'duckdb') {
  const environment = sparkEnvironment();
  since = performance.now();
  const warehouse = pathToFileURL(join(dir, 'iceberg')).href;
  const program = fileURLToPath(new URL('../jobs/spark/main.py', import.meta.url));
  const given = [
    '--lake',
    warehouse,
    '--warehouse',
    warehouse,
    '--run',
    'bench',
    '--in',
    pathToFileURL(files).href,
    'trips',
  ];
  const { status } = spawnSync(environment.python, [program, ...given], {
    env: sparkVariables(environment, { threads: 2, memory_mb: 2048 }),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`Spark ended with ${status}`);
  check('Spark, with its start', JSON.parse(readFileSync(join(dir, 'iceberg', 'runs', 'bench.json'), 'utf8')).files);
}
if (values.dir === undefined) rmSync(dir, { recursive: true });
