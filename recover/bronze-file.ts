import { createHash } from 'node:crypto';
import { RejectedInput } from '../lib/errors.ts';
import { type ColumnType, type Row, toParquet } from '../lib/parquet.ts';
import { COLUMNS } from '../lib/stream/columns.ts';
import { columnType, MalformedValue } from '../local/aws/firehose/cell.ts';

const PARQUET_TYPES: Readonly<Record<string, ColumnType>> = {
  string: 'STRING',
  int: 'INT32',
  bigint: 'INT64',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
};

/** The columns of Bronze, each with how a value of a one-letter key becomes its cell: as the delivery stream's conversion reads it. */
const BRONZE = COLUMNS.map(({ name, key, type }) => {
  const parquet = PARQUET_TYPES[type];
  if (parquet === undefined) throw new Error(`column ${name}: Bronze files of type ${type} can't be written`);
  const { toCell } = columnType(name, type);
  return { name, key, parquet, toCell: parquet === 'BOOLEAN' ? (value: unknown) => toCell(value) === 1 : toCell };
});

const TYPES: Readonly<Record<string, ColumnType>> = Object.fromEntries(BRONZE.map((c) => [c.name, c.parquet]));

/** A row of Bronze, by column name; a null is left out. */
export type BronzeRow = Row & { readonly slot_ms: number };

/**
 * A row of NDJSON with one-letter keys, as the Bronze function answers it, as a row of Bronze. Keys that are no column are left out.
 * Throws RejectedInput `not_a_row`: it is no JSON object, has no slot, or a value doesn't fit its column.
 */
export function toBronzeRow(line: string): BronzeRow {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new RejectedInput('bronze', 'not_a_row', 'it is no JSON', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RejectedInput('bronze', 'not_a_row', 'it is no JSON object');
  const row: Record<string, unknown> = {};
  for (const { name, key, toCell } of BRONZE) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined || member === null) continue;
    try {
      row[name] = toCell(member);
    } catch (error) {
      if (!(error instanceof MalformedValue)) throw error;
      throw new RejectedInput('bronze', 'not_a_row', `${name} does not fit its column: ${error.message}`);
    }
  }
  if (typeof row.slot_ms !== 'number') throw new RejectedInput('bronze', 'not_a_row', 'it has no slot');
  return row as BronzeRow;
}

/** A Parquet file with the columns and types of Bronze's table; the same rows give the same bytes. */
export const bronzeFile = (rows: readonly BronzeRow[]): Buffer => toParquet(TYPES, rows);

/** `bronze/events/dt=…/hh=…/<command>-<hash>.parquet`: by what the rows came from, so that the same work puts the same file. */
export function bronzeKey(partition: string, command: string, ...from: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(from)).digest('hex').slice(0, 32);
  return `bronze/events/${partition}/${command}-${hash}.parquet`;
}

/** The partition of an arrival, as the delivery stream's prefix writes it: `dt=yyyy-MM-dd/hh=HH`. */
export function partitionOf(arrived_at_ms: number): string {
  const time = new Date(arrived_at_ms).toISOString();
  return `dt=${time.slice(0, 10)}/hh=${time.slice(11, 13)}`;
}

/** UTC dates of the slots of rows, sorted. */
export const datesOf = (rows: readonly BronzeRow[]): string[] =>
  [...new Set(rows.map(({ slot_ms }) => new Date(slot_ms).toISOString().slice(0, 10)))].sort();
