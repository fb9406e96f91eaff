import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { queryLake } from '../../jobs/duckdb/query-lake.ts';
import { countTrips } from '../../jobs/duckdb/trips.ts';
import { hasSharedData, readShared, sharedData } from '../shared.ts';
import {
  CITIBIKE_2013,
  CITIBIKE_2016,
  CITIBIKE_2021,
  HVFHV_DOUBLE,
  HVFHV_INT,
  HVFHV_LONG,
  hvfhv,
  TripRoom,
} from './files.ts';

const LIMITS = { threads: 2, memory_mb: 1024 };
let room: TripRoom;
beforeEach(() => {
  room = new TripRoom();
});
afterEach(() => room.remove());
const count = (...paths: string[]) => countTrips(room.root, paths, LIMITS);
const ask = async (sql: string) => (await queryLake(room.root, sql)).rows;
const DAYS = `SELECT CAST(event_date AS VARCHAR), place_id, trips, first_started_at, last_started_at FROM gold.trips_daily ORDER BY event_date, place_id NULLS FIRST`;

describe('what is counted', () => {
  test('Citi Bike 2013: quotes, two ways to write a time, clock changes; what is wrong is kept with its reason', async () => {
    const { files, rejected } = await count(room.file('201307-citibike.csv', CITIBIKE_2013));
    expect(files).toMatchObject([{ format: 'citibike_2013', source: 'citibike', trips: 5, rejected: 8 }]);
    expect(await ask(DAYS)).toEqual([
      ['2013-07-01', null, 1, '2013-07-02T03:59:59Z', '2013-07-02T03:59:59Z'],
      ['2013-07-01', '164', 1, '2013-07-01T04:00:00Z', '2013-07-01T04:00:00Z'],
      // 01:50 comes twice: its first instant. 02:30 is skipped: 03:30.
      ['2013-11-03', '9', 1, '2013-11-03T05:50:00Z', '2013-11-03T05:50:00Z'],
      ['2014-03-09', '9', 1, '2014-03-09T07:30:00Z', '2014-03-09T07:30:00Z'],
      ['2014-09-01', '164', 1, '2014-09-01T04:00:25Z', '2014-09-01T04:00:25Z'],
    ]);
    expect(await ask('SELECT DISTINCT place_name FROM gold.trips_daily ORDER BY 1 NULLS FIRST')).toEqual([
      [null],
      ['E 47 St & "2" Ave'],
      ['Nine'],
    ]);
    expect(rejected).toEqual([
      { reason: 'bad_end', rejected: 1 },
      { reason: 'bad_quotes', rejected: 2 },
      { reason: 'bad_start', rejected: 2 },
      { reason: 'ends_before_start', rejected: 2 },
      { reason: 'field_count', rejected: 1 },
    ]);
    // The chart's bars are the view that Athena has.
    const shown =
      'SELECT CAST(event_date AS VARCHAR), place_rank, place_label, trips FROM gold.trips_by_day ORDER BY ALL';
    expect(await ask(shown)).toEqual([
      ['2013-07-01', 1, 'E 47 St & "2" Ave', 1],
      ['2013-07-01', 3, 'no place named', 1],
      ['2013-11-03', 2, 'Nine', 1],
      ['2014-03-09', 2, 'Nine', 1],
      ['2014-09-01', 1, 'E 47 St & "2" Ave', 1],
    ]);
    const lines = CITIBIKE_2013.split('\r\n');
    const raw = (await ask('SELECT raw FROM silver.trip_rejects')).map(([line]) => String(line));
    expect(new Set(raw)).toEqual(new Set([5, 6, 8, 9, 10, 11, 12, 13].map((i) => lines[i])));
  });

  test('Citi Bike 2016 and 2021: capitals, a blank line, a byte order mark, a trip without place and end; packed', async () => {
    const { files } = await count(
      room.file('2016.csv', CITIBIKE_2016),
      room.file('JC-202201-citibike.csv.gz', CITIBIKE_2021),
    );
    expect(files.map((f) => [f.format, f.trips, f.rejected])).toEqual([
      ['citibike_2016', 2, 0],
      ['lyft_2021', 3, 0],
    ]);
    expect((await ask(DAYS)).map((row) => row.slice(0, 3))).toEqual([
      ['2016-01-01', '268', 2],
      ['2022-01-26', 'HB201', 1],
      ['2022-01-28', null, 1],
      ['2022-01-28', 'JC038', 1],
    ]);
  });

  test('HVFHV: zones of three types, a fee of none, a zone that is none, the hour that comes twice', async () => {
    const { files } = await count(
      room.file('a.parquet', HVFHV_INT),
      room.file('b.parquet', HVFHV_LONG),
      room.file('c.parquet', HVFHV_DOUBLE),
    );
    expect(files.map((f) => [f.source, f.trips, f.rejected])).toEqual([
      ['nyc_hvfhv', 1, 0],
      ['nyc_hvfhv', 1, 0],
      ['nyc_hvfhv', 3, 3],
    ]);
    expect((await ask(DAYS)).map((row) => row.slice(0, 4))).toEqual([
      ['2019-02-01', '245', 1, '2019-02-01T05:05:18Z'],
      ['2022-06-01', '234', 1, '2022-06-01T04:15:35Z'],
      ['2024-11-02', '132', 1, '2024-11-03T03:59:59Z'],
      ['2024-11-03', null, 1, '2024-11-03T05:30:00Z'],
      ['2024-11-03', '132', 1, '2024-11-03T05:30:00Z'],
    ]);
    expect(await ask('SELECT raw FROM silver.trip_rejects ORDER BY raw DESC LIMIT 1')).toEqual([
      [
        'hvfhs_license_num=HV0003 pickup_datetime=2024-11-03 05:00:00 dropoff_datetime=2024-11-03 06:00:00 PULocationID=266.0 DOLocationID=7.0',
      ],
    ]);
  });

  test('a time with an offset is an instant: its day is that of the city', async () => {
    const lines = [
      'started_at,ended_at,duration,start_station_id,start_station_name',
      '2021-06-01 23:30:00.5+00:00,2021-06-01 23:40:00+00:00,600,1,A',
    ];
    lines.push(
      '2021-12-01 23:30:00+00:00,2021-12-01 23:40:00+00:00,600,1,A',
      '2021-12-01 23:30:00+02:00,2021-12-01 21:29:59+00:00,600,1,A',
    );
    await count(room.file('edinburgh.csv', lines.join('\n')));
    expect((await ask(DAYS)).map((row) => [row[0], row[3]])).toEqual([
      ['2021-06-02', '2021-06-01T23:30:00Z'],
      ['2021-12-01', '2021-12-01T23:30:00Z'],
    ]);
    expect(await ask('SELECT reason FROM silver.trip_rejects')).toEqual([['ends_before_start']]);
  });

  test('bytes that are not UTF-8 cost their line', async () => {
    const [header, line] = CITIBIKE_2016.split('\n');
    const bytes = Buffer.concat([
      Buffer.from(`${header}\n${line}\n`),
      Buffer.from(`${line?.replace('Howard', 'H\xe9ward')}\n`, 'latin1'),
    ]);
    const { files, rejected } = await count(room.file('latin.csv', bytes));
    expect(files).toMatchObject([{ trips: 1, rejected: 1 }]);
    expect(rejected).toEqual([{ reason: 'not_utf8', rejected: 1 }]);
  });
});

describe('which files are counted', () => {
  test('the same content under any name counts once; another content of the same path takes its place', async () => {
    const path = room.file('citibike-a.csv', CITIBIKE_2016);
    await count(path);
    const copy = room.file('citibike-b.csv', CITIBIKE_2016);
    const before = await ask(DAYS);
    expect(await count(path, copy)).toMatchObject({ counted: [], same: [path, copy] });
    expect(await ask(DAYS)).toEqual(before);
    room.file('citibike-a.csv', CITIBIKE_2021);
    const { files } = await count(path);
    expect(files).toMatchObject([{ path, trips: 3 }]);
    expect((await ask(DAYS)).map((row) => row[1])).toEqual(['HB201', null, 'JC038']);
    expect(readdirSync(join(room.root, 'silver', 'trip_counts'))).toHaveLength(1);
  });

  test('what a killed run began is not counted, and is removed', async () => {
    const path = room.file('citibike-a.csv', CITIBIKE_2013);
    await count(path);
    const whole = await ask(DAYS);
    // As a run leaves it that was killed before the file's row came: counts and rejects are there.
    rmSync(join(room.root, 'silver', 'trip_files'), { recursive: true });
    const [id] = readdirSync(join(room.root, 'silver', 'trip_counts'));
    renameSync(
      join(room.root, 'silver', 'trip_counts', id ?? ''),
      join(room.root, 'silver', 'trip_counts', 'file_id=begun'),
    );
    expect(await count(path)).toMatchObject({ counted: [path] });
    expect(await ask(DAYS)).toEqual(whole);
    expect(readdirSync(join(room.root, 'silver', 'trip_counts'))).toEqual([id]);
  });

  test.each([
    ['a.csv', 'x,y\n1,2\n', /its columns \(x, y\) are those of no known format: citibike_2013/],
    ['rides.csv', CITIBIKE_2021, /written by several systems.*one of citibike, baywheels/],
    ['empty.csv', '', /empty.csv is empty/],
    ['broken.parquet', 'PAR1', /broken.parquet can't be read/],
  ])('%s is refused before anything is counted', async (name, content, message) => {
    const good = room.file('good.csv', CITIBIKE_2016);
    await expect(count(good, room.file(name, content))).rejects.toThrow(message);
    expect(await ask('SELECT * FROM silver.trip_files')).toEqual([]);
  });

  test('a path of which nothing is read is refused', async () => {
    writeFileSync(join(room.dir, 'a.zip'), '');
    await expect(count(join(room.dir, 'a.zip'))).rejects.toThrow(/a\.zip: no \.csv, \.csv\.gz or \.parquet file/);
  });
});

describe.skipIf(!hasSharedData)('real files', () => {
  test.each([
    ['edinburgh_202106.csv', 12_641, 0, 3, 3_600_000],
    ['fordgobike_golden.csv', 49, 1, 3, 0],
  ])('%s: as a plain count of its lines', async (file, trips, started, station, shift_ms) => {
    const expected = new Map<string, number>();
    for (const line of readShared(`trips/${file}`).toString('utf8').trim().split('\n').slice(1)) {
      const fields = line.replaceAll('"', '').split(',');
      const local = new Date(Date.parse(`${(fields[started] ?? '').slice(0, 19)}Z`) + shift_ms)
        .toISOString()
        .slice(0, 10);
      const key = `${local} ${fields[station]}`;
      expected.set(key, (expected.get(key) ?? 0) + 1);
    }
    const report = await count(sharedData(`trips/${file}`));
    expect(report.files).toMatchObject([{ trips, rejected: 0 }]);
    const rows = await ask('SELECT CAST(event_date AS VARCHAR), place_id, trips FROM gold.trips_daily');
    expect(new Map(rows.map(([date, id, n]) => [`${String(date)} ${String(id)}`, n]))).toEqual(expected);
  });
});

test('no trip at all: tables without rows', async () => {
  const { files, bars } = await count(
    room.file('none.parquet', hvfhv('INT32', [])),
    room.file('b.csv', `${CITIBIKE_2016.split('\n')[0]}\n`),
  );
  expect(files.map((f) => f.trips)).toEqual([0, 0]);
  expect(bars).toEqual([]);
});
