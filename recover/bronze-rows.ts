import { createHash } from 'node:crypto';
import type { StationEvent } from '../lib/event.ts';
import type { Row } from '../lib/parquet.ts';
import { type BronzeRow, bronzeFile, partitionOf } from './bronze-file.ts';

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
export function eventRow(record: OutsideRecord, line: number, part: number, event: StationEvent): BronzeRow {
  const { kind, content_hash, values, raw } = event;
  return { ...record, kind, part, line, content_hash, ...values, raw };
}

/** A receipt as a row of Bronze; `values` are its columns. */
export function receiptRow(record: OutsideRecord, values: Row): BronzeRow {
  return { ...values, ...record, kind: 'receipt', part: 0, line: 1 };
}

const HOUR_MS = 3_600_000;

export interface BronzeFile {
  readonly key: string;
  readonly bytes: Buffer;
}

/** Rows as files of Bronze, one for each hour of their slots. A file is named after what is in it: it never changes, and putting it again does no harm. */
export function bronzeFiles(command: string, rows: readonly BronzeRow[]): BronzeFile[] {
  const hours = Map.groupBy(rows, (row) => Math.floor(row.slot_ms / HOUR_MS) * HOUR_MS);
  return [...hours]
    .sort(([a], [b]) => a - b)
    .map(([hour_ms, own]) => {
      const bytes = bronzeFile(own);
      const name = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
      return { key: `bronze/events/${partitionOf(hour_ms)}/${command}-${name}.parquet`, bytes };
    });
}
