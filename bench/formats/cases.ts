/** How the day lies in a folder: one file, `part…`. */
export interface Case {
  /** Row of the tables in docs/formats.md. */
  readonly name: string;
  readonly format: 'json' | 'csv' | 'parquet' | 'orc' | 'avro';
  /** Who writes it; `bronze`: it is the day as the embedded Firehose made it, and no round writes it. */
  readonly writer: 'bronze' | 'duckdb' | 'spark';
  readonly order: 'time' | 'station';
  /** As DuckDB's COPY and Spark's writer name it. */
  readonly compression: string;
  readonly row_group?: number;
  /** Why an engine doesn't read it. */
  readonly unread?: { readonly duckdb?: string; readonly spark?: string };
}

export type Engine = 'duckdb' | 'spark';
export const ENGINES: readonly Engine[] = ['duckdb', 'spark'];

/** DuckDB's own row groups unless one is named. */
export const ROW_GROUP = 122_880;
const SMALL = 10_240;
const LARGE = 1_048_576;
const NO_ZSTD = { spark: 'no zstd for text without native Hadoop' };
const EXTENSION = { duckdb: 'an extension that is downloaded' };
const NO_ORC = { duckdb: 'no reader' };

const duck = { writer: 'duckdb', order: 'time' } as const;
const spark = { writer: 'spark', order: 'time' } as const;

export const CASES: readonly Case[] = [
  { name: 'Bronze: Parquet gzip', format: 'parquet', writer: 'bronze', order: 'time', compression: 'gzip' },
  { ...duck, name: 'NDJSON gzip', format: 'json', compression: 'gzip' },
  { ...duck, name: 'NDJSON zstd', format: 'json', compression: 'zstd', unread: NO_ZSTD },
  { ...duck, name: 'CSV', format: 'csv', compression: 'none' },
  { ...duck, name: 'CSV gzip', format: 'csv', compression: 'gzip' },
  { ...duck, name: 'Parquet snappy', format: 'parquet', compression: 'snappy' },
  { ...duck, name: 'Parquet gzip', format: 'parquet', compression: 'gzip' },
  { ...duck, name: 'Parquet zstd', format: 'parquet', compression: 'zstd' },
  { ...duck, name: 'Parquet zstd, groups of 10 k', format: 'parquet', compression: 'zstd', row_group: SMALL },
  { ...duck, name: 'Parquet zstd, groups of 1 M', format: 'parquet', compression: 'zstd', row_group: LARGE },
  { ...duck, name: 'Parquet zstd, by station', format: 'parquet', compression: 'zstd', order: 'station' },
  { ...spark, name: 'Parquet zstd, Spark', format: 'parquet', compression: 'zstd' },
  { ...spark, name: 'Parquet zstd, Spark, by station', format: 'parquet', compression: 'zstd', order: 'station' },
  { ...spark, name: 'ORC zlib', format: 'orc', compression: 'zlib', unread: NO_ORC },
  { ...spark, name: 'ORC zstd', format: 'orc', compression: 'zstd', unread: NO_ORC },
  { ...spark, name: 'ORC zstd, by station', format: 'orc', compression: 'zstd', order: 'station', unread: NO_ORC },
  { ...spark, name: 'Avro deflate', format: 'avro', compression: 'deflate', unread: EXTENSION },
  { ...spark, name: 'Avro zstd', format: 'avro', compression: 'zstandard', unread: EXTENSION },
];

/** One text for both engines over the relation `day`. Each answers one row, which must be the same wherever it comes from. */
export interface Query {
  readonly name: string;
  readonly sql: string;
}

/** `station_id` and `from_ms` are of the day. */
export function queriesOf(station_id: string, from_ms: number): readonly Query[] {
  return [
    {
      name: 'hours',
      sql: `SELECT count(*) AS hours, CAST(sum(n) AS BIGINT) AS n, CAST(sum(bikes) AS BIGINT) AS bikes, CAST(sum(least_bikes) AS BIGINT) AS least_bikes
FROM (SELECT station_id, slot_ms - slot_ms % 3600000 AS hour_ms, count(*) AS n, sum(num_bikes_available) AS bikes, min(num_bikes_available) AS least_bikes
  FROM day GROUP BY station_id, slot_ms - slot_ms % 3600000) AS by_hour`,
    },
    {
      name: 'station',
      sql: `SELECT count(*) AS n, count(DISTINCT content_hash) AS contents, CAST(sum(num_bikes_available) AS BIGINT) AS bikes, max(last_reported_ms) AS reported_ms
FROM day WHERE station_id = '${station_id}'`,
    },
    {
      name: 'raw',
      sql: `SELECT count(*) AS n, CAST(sum(length(raw)) AS BIGINT) AS characters
FROM day WHERE slot_ms >= ${from_ms} AND slot_ms < ${from_ms + 900_000}`,
    },
  ];
}
