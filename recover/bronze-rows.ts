import { createHash } from 'node:crypto';
import type { StationEvent } from '../lib/event.ts';
import { type ColumnType, type Row, toParquet } from '../lib/parquet.ts';
import { COLUMNS } from '../lib/stream/columns.ts';

const TYPES: Readonly<Record<string, ColumnType>> = {
  string: 'STRING',
  bigint: 'INT64',
  int: 'INT32',
  boolean: 'BOOLEAN',
  double: 'DOUBLE',
};
const BRONZE = Object.fromEntries(COLUMNS.map(({ name, type }) => [name, TYPES[type] ?? 'STRING']));

/** Where rows that never were in the stream say that they come from: no lane, no arrival, a place after all of the stream's. */
export interface OutsideRecord {
  readonly system_id: string;
  readonly slot_ms: number;
  readonly fetched_at_ms: number;
  readonly feed_updated_ms: number | null;
  readonly shard_id: string;
  readonly sequence_number: string;
}

/**
 * A sequence number of 60 digits, which order after the 56 of Kinesis as they are longer; the same for the same text, so that the
 * same work writes the same rows.
 */
export function outsideSequence(...identity: readonly (string | number)[]): string {
  const digest = createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  return `9${(BigInt(`0x${digest}`) % 10n ** 59n).toString().padStart(59, '0')}`;
}

/** An event as a row of Bronze. */
export function eventRow(record: OutsideRecord, line: number, part: number, event: StationEvent): Row {
  const { kind, content_hash, values, raw } = event;
  return { ...record, kind, part, line, content_hash, ...values, raw };
}

/** A receipt as a row of Bronze; `values` are its columns. */
export function receiptRow(record: OutsideRecord, values: Row): Row {
  return { ...values, ...record, kind: 'receipt', part: 0, line: 1 };
}

const HOUR_MS = 3_600_000;

export interface BronzeFile {
  readonly key: string;
  readonly bytes: Buffer;
}

/** Rows as files of Bronze, one for each hour of their slots. A file is named after what is in it: it never changes, and putting it again does no harm. */
export function bronzeFiles(command: string, rows: readonly Row[]): BronzeFile[] {
  const hours = Map.groupBy(rows, (row) => Math.floor(Number(row.slot_ms) / HOUR_MS) * HOUR_MS);
  return [...hours]
    .sort(([a], [b]) => a - b)
    .map(([hour_ms, own]) => {
      const bytes = toParquet(BRONZE, own);
      const name = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
      const hour = new Date(hour_ms).toISOString();
      return {
        key: `bronze/events/dt=${hour.slice(0, 10)}/hh=${hour.slice(11, 13)}/${command}-${name}.parquet`,
        bytes,
      };
    });
}
