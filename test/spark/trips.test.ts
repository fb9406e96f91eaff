import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LakeFolder } from '../../jobs/duckdb/lake-folder.ts';
import { countTrips } from '../../jobs/duckdb/trips.ts';
import { sparkEnvironment, sparkVariables } from '../../jobs/spark/environment.ts';
import { TRIP_COUNTS, TRIP_REJECTS, TRIP_TABLES, TRIPS_DAILY } from '../../jobs/tables.ts';
import type { TripsReport } from '../../jobs/trips/report.ts';
import { hasSharedData, sharedData } from '../shared.ts';
import {
  CITIBIKE_2013,
  CITIBIKE_2016,
  CITIBIKE_2021,
  HVFHV_DOUBLE,
  HVFHV_INT,
  HVFHV_LONG,
  TripRoom,
} from '../trips/files.ts';
import { compareTables } from './compare.ts';
import { isAsked } from './spark-runs.ts';

const PROGRAM = fileURLToPath(new URL('../../jobs/spark/main.py', import.meta.url));
const OFFSETS = [
  'started_at,ended_at,duration,start_station_id,start_station_name',
  '2021-06-01 23:30:00.5+00:00,2021-06-01 23:40:00+00:00,600,1,A',
  '2021-10-31 01:30:00+00:00,2021-10-31 01:40:00+00:00,600,1,"A, ""B"""',
  '2021-12-01 23:30:00+02:00,2021-12-01 21:29:59+00:00,600,1,A',
].join('\r\n');

describe.skipIf(!isAsked)('trips on DuckDB and Spark', () => {
  const room = new TripRoom();
  const warehouse = join(room.dir, 'iceberg');
  let duckdb: TripsReport;
  const spark: TripsReport[] = [];
  let paths: string[] = [];
  const snapshots = (): string[] =>
    TRIP_TABLES.map(({ name }) =>
      readFileSync(join(warehouse, name.replace('.', '/'), 'metadata', 'version-hint.text'), 'utf8'),
    );

  const runSpark = async (run: string): Promise<TripsReport> => {
    const environment = sparkEnvironment();
    const url = pathToFileURL(warehouse).href;
    const inputs = paths.flatMap((path) => ['--in', pathToFileURL(path).href]);
    const child = spawn(
      environment.python,
      [PROGRAM, '--lake', url, '--warehouse', url, '--run', run, ...inputs, 'trips'],
      {
        env: sparkVariables(environment, {
          threads: 2,
          memory_mb: 2048,
          java_options: '-XX:+UseSerialGC -XX:TieredStopAtLevel=1',
        }),
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let said = '';
    child.stderr.on('data', (text: Buffer) => {
      said = `${said}${text.toString()}`.slice(-20_000);
    });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`the session ended with ${code}:\n${said}`);
    return JSON.parse(readFileSync(join(warehouse, 'runs', `${run}.json`), 'utf8')) as TripsReport;
  };

  beforeAll(async () => {
    const [header, line] = CITIBIKE_2016.split('\n');
    const latin = Buffer.from(`${header}\n${line?.replace('Howard', 'H\xe9ward')}\n`, 'latin1');
    paths = [
      room.file('201307-citibike.csv', CITIBIKE_2013),
      room.file('201601.csv', CITIBIKE_2016),
      room.file('202201-citibike.csv.gz', CITIBIKE_2021),
      room.file('latin.csv', latin),
      room.file('edinburgh.csv', OFFSETS),
      room.file('a.parquet', HVFHV_INT),
      room.file('b.parquet', HVFHV_LONG),
      room.file('c.parquet', HVFHV_DOUBLE),
      ...(hasSharedData ? ['edinburgh_202106.csv', 'fordgobike_golden.csv'].map((f) => sharedData(`trips/${f}`)) : []),
    ];
    duckdb = await countTrips(room.root, paths, { threads: 2, memory_mb: 1024 });
    spark.push(await runSpark('first'));
  }, 1_200_000);
  afterAll(() => room.remove());

  test('the same report: files, rejects by reason, bars of the chart', () => {
    expect(spark[0]).toEqual(duckdb);
    expect(duckdb.rejected.map((r) => r.reason)).toContain('not_utf8');
  });

  test('the same rows: counts, rejected lines, trips by day', async () => {
    const lake = new LakeFolder(room.root);
    // Each partition was written once, so that all files of a table are of its newest snapshot.
    const files = Object.fromEntries(
      [TRIP_COUNTS, TRIP_REJECTS, TRIPS_DAILY].map(({ name }) => {
        const data = join(warehouse, name.replace('.', '/'), 'data');
        const found = existsSync(data) ? readdirSync(data, { recursive: true, encoding: 'utf8' }) : [];
        return [name, found.filter((f) => f.endsWith('.parquet')).map((f) => pathToFileURL(join(data, f)).href)];
      }),
    );
    const tables = [TRIP_COUNTS, TRIP_REJECTS, TRIPS_DAILY];
    const compared = await compareTables(lake.root, { files }, tables);
    for (const { name } of tables) {
      expect(compared[name], name).toMatchObject({ only_duckdb: 0, only_spark: 0, apart: 0 });
      expect(compared[name]?.rows, name).toBeGreaterThan(0);
    }
  });

  test('again: nothing is counted, and no table has another snapshot', async () => {
    const before = snapshots();
    const again = await runSpark('again');
    expect(again).toEqual({ ...duckdb, counted: [], same: duckdb.counted });
    expect(snapshots()).toEqual(before);
  }, 600_000);
});
