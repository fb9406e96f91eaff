import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';

/** A folder for trip files and the lakes that they are counted into. */
export class TripRoom {
  readonly dir = mkdtempSync(join(tmpdir(), 'bikelake-trips-'));
  readonly root = join(this.dir, 's3', 'test-lake');

  file(name: string, content: string | Uint8Array): string {
    const path = join(this.dir, name);
    writeFileSync(path, name.endsWith('.gz') ? gzipSync(content) : content);
    return path;
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export const CITIBIKE_2013 = [
  '"tripduration","starttime","stoptime","start station id","start station name","start station latitude","start station longitude","end station id","end station name","end station latitude","end station longitude","bikeid","usertype","birth year","gender"',
  // A quote within a name, a comma within another one, and the American way to write a time.
  '"634","2013-07-01 00:00:00","2013-07-01 00:10:34","164","E 47 St & ""2"" Ave","40.7","-73.9","504","1 Ave, E 15 St","40.7","-73.9","16950","Customer","\\N","0"',
  '"1547","9/1/2014 0:00:25","9/1/2014 00:26","164","E 47 St & ""2"" Ave","40.7","-73.9","504","x","40.7","-73.9","1","Customer","","0"',
  '"1","2013-07-01 23:59:59","2013-07-02 00:00:01","NULL","NULL","0","0","504","x","40.7","-73.9","1","Customer","","0"',
  // The hour that comes twice: 01:50 of the first to 01:10 of the second; and one that no clock explains.
  '"1200","2013-11-03 01:50:00","2013-11-03 01:10:00","9","Nine","0","0","5","x","0","0","1","Customer","","0"',
  '"1200","2013-11-03 02:10:00","2013-11-03 01:50:00","9","Nine","0","0","5","x","0","0","1","Customer","","0"',
  '"1200","2013-11-04 01:50:00","2013-11-04 01:10:00","9","Nine","0","0","5","x","0","0","1","Customer","","0"',
  // The hour that is skipped.
  '"1200","2014-03-09 02:30:00","2014-03-09 03:40:00","9","Nine","0","0","5","x","0","0","1","Customer","","0"',
  '"1","2013-02-30 00:00:00","2013-07-02 00:00:01","9","Nine","0","0","504","x","40.7","-73.9","1","Customer","","0"',
  '"1","2013-07-01 25:00:00","2013-07-02 00:00:01","9","Nine","0","0","504","x","40.7","-73.9","1","Customer","","0"',
  '"1","2013-07-01 20:00:00","soon","9","Nine","0","0","504","x","40.7","-73.9","1","Customer","","0"',
  '"1","2013-07-01 20:00:00"',
  '"1","2013-07-01 20:00:00","2013-07-01 20:00:00","9","Nine"x,"0","0","504","x","40.7","-73.9","1","Customer","","0"',
  '"1","2013-07-01 20:00:00","2013-07-01 20:00:00","9","Nine,"0","0","504","x","40.7","-73.9","1","Customer","","0',
].join('\r\n');

export const CITIBIKE_2016 = [
  'Trip Duration,Start Time,Stop Time,Start Station ID,Start Station Name,Start Station Latitude,Start Station Longitude,End Station ID,End Station Name,End Station Latitude,End Station Longitude,Bike ID,User Type,Birth Year,Gender',
  '923,2016-01-01 00:00:41,2016-01-01 00:16:04,268,Howard St & Centre St,40.7,-73.9,3002,South End Ave & Liberty St,40.7,-74.0,22285,Subscriber,1958,1',
  '',
  '379,2016-01-01 00:00:45,2016-01-01 00:07:04,268,Howard St & Centre St,40.7,-73.9,334,W 20 St & 7 Ave,40.7,-73.9,17827,Subscriber,1969,1',
  '',
].join('\n');

export const CITIBIKE_2021 = [
  '\ufeffride_id,rideable_type,started_at,ended_at,start_station_name,start_station_id,end_station_name,end_station_id,start_lat,start_lng,end_lat,end_lng,member_casual',
  'CA5837152804D4B5,electric_bike,2022-01-26 18:50:39,2022-01-26 18:51:53,12 St & Sinatra Dr N,HB201,12 St & Sinatra Dr N,HB201,40.7,-74.0,40.7,-74.0,member',
  'BA06A5E45B6601D2,classic_bike,2022-01-28 13:14:07.123,2022-01-28 13:20:23.999,Essex Light Rail,JC038,Essex Light Rail,JC038,40.7,-74.0,40.7,-74.0,member',
  'C,classic_bike,2022-01-28 13:14:07,,,,,,40.7,-74.0,40.7,-74.0,member',
].join('\n');

/** A month of TLC in which zones have this type. `airport_fee` has no type at all, as an empty column of pandas has none. */
export function hvfhv(
  zone: 'INT32' | 'INT64' | 'DOUBLE',
  rows: readonly (readonly [string, string | null, number | null])[],
): Uint8Array {
  const micros = (text: string | null): bigint | null =>
    text === null ? null : BigInt(Date.parse(`${text}Z`)) * 1000n;
  const stamp = (name: string): SchemaElement => ({
    name,
    type: 'INT64',
    repetition_type: 'OPTIONAL',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MICROS' },
  });
  const schema: SchemaElement[] = [
    { name: 'schema', num_children: 6 },
    { name: 'hvfhs_license_num', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
    stamp('pickup_datetime'),
    stamp('dropoff_datetime'),
    { name: 'PULocationID', type: zone, repetition_type: 'OPTIONAL' },
    { name: 'DOLocationID', type: zone, repetition_type: 'OPTIONAL' },
    { name: 'airport_fee', type: 'INT32', repetition_type: 'OPTIONAL', logical_type: { type: 'NULL' } },
  ];
  const number = (n: number | null) => (n === null || zone !== 'INT64' ? n : BigInt(n));
  const columnData = [
    { name: 'hvfhs_license_num', data: rows.map(() => 'HV0003') },
    { name: 'pickup_datetime', data: rows.map(([start]) => micros(start)) },
    { name: 'dropoff_datetime', data: rows.map(([, end]) => micros(end)) },
    { name: 'PULocationID', data: rows.map(([, , place]) => number(place)) },
    { name: 'DOLocationID', data: rows.map(() => number(7)) },
    { name: 'airport_fee', data: rows.map(() => null) },
  ];
  return new Uint8Array(parquetWriteBuffer({ schema, columnData }));
}

export const HVFHV_DOUBLE = hvfhv('DOUBLE', [
  ['2024-11-02T23:59:59', '2024-11-03T00:10:00', 132],
  ['2024-11-03T01:30:00', '2024-11-03T01:05:00', 132],
  ['2024-11-03T01:30:00', null, null],
  ['2024-11-03T05:00:00', '2024-11-03T04:00:00', 132],
  ['2024-11-03T05:00:00', '2024-11-03T06:00:00', 132.5],
  ['2024-11-03T05:00:00', '2024-11-03T06:00:00', 266],
]);
export const HVFHV_INT = hvfhv('INT32', [['2019-02-01T00:05:18', '2019-02-01T00:14:57', 245]]);
export const HVFHV_LONG = hvfhv('INT64', [['2022-06-01T00:15:35', '2022-06-01T00:17:20', 234]]);
