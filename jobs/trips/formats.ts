import { fingerprint } from '../duckdb/manifest.ts';
import { queryText } from '../duckdb/relation.ts';
import formats from '../sql/trips/formats.json' with { type: 'json' };

/** One of the ways in which trip files are written (jobs/sql/trips/formats.json). Spark reads the same file (jobs/spark/bikelake/trip_formats.py). */
export type Format = (typeof formats)[number];

/** What is known of a file before its trips are read: whose it is, and where its fields stand (numbered from 1). */
export interface Layout {
  readonly format: string;
  readonly query: 'csv_trips' | 'hvfhv_trips';
  readonly source: string;
  readonly time_zone: string;
  readonly place_kind: string;
  readonly header: string;
  readonly field_count: number;
  readonly started_field: number;
  readonly ended_field: number;
  readonly place_id_field: number;
  readonly place_name_field: number;
}

const QUERIES = ['csv_trips', 'hvfhv_trips', 'checked_trips', 'trip_counts', 'trip_rejects'];

/** Changes with the SQL: what another one counted is counted again. */
export const tripsPrint = (): string =>
  fingerprint(
    formats,
    QUERIES.map((name) => queryText(`trips/${name}`)),
  );

/** Field names of a CSV header as formats.json has them: without quotes, byte order mark and capitals. */
export const headerNames = (header: string): string[] =>
  header.split(',').map((name) => name.replaceAll('"', '').replace('\ufeff', '').trim().toLowerCase());

/**
 * The layout of a file by its names of columns and its path; `header` is a CSV file's first line. Answers with a sentence, what is wrong and the
 * remedy, where there is none.
 */
export function layoutOf(path: string, names: readonly string[], header: string | null): Layout | string {
  const file = header === null ? 'parquet' : 'csv';
  const format = formats.find((f) => f.file === file && f.has.every((name) => names.includes(name)));
  if (format === undefined) {
    const known = formats.filter((f) => f.file === file).map((f) => `${f.format} (${f.has.join(', ')})`);
    return `${path}: its columns (${names.join(', ').slice(0, 200)}) are those of no known format: ${known.join('; ')}`;
  }
  const source = format.sources.find((s) => path.toLowerCase().includes(s.path));
  if (source === undefined) {
    const words = format.sources.map((s) => s.path).join(', ');
    return `${path}: ${format.format} is written by several systems, in different time zones. Its path must hold one of ${words}`;
  }
  const place = (name: string): number => names.indexOf(name) + 1;
  return {
    format: format.format,
    query: file === 'csv' ? 'csv_trips' : 'hvfhv_trips',
    source: source.source,
    time_zone: source.time_zone,
    place_kind: format.place_kind,
    header: header ?? '',
    field_count: names.length,
    started_field: place(format.started),
    ended_field: place(format.ended),
    place_id_field: place(format.place_id),
    // A name that the file lacks is looked for after its last field, where nothing is.
    place_name_field: place(format.place_name) || names.length + 1,
  };
}
