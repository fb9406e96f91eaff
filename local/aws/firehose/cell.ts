import type { SchemaElement } from 'hyparquet';

/** A value as a column holds it: text, or a number (integers; booleans as 0 and 1; instants as epoch ms). */
export type Cell = string | number;

/** A value that doesn't fit its column's type. */
export class MalformedValue extends Error {}

export interface ColumnType {
  /** A JSON value, not null, as a cell; throws MalformedValue if it doesn't fit. */
  readonly toCell: (value: unknown) => Cell;
  /** Which JSON values are their own cell, so that they needn't go through `toCell`; integers within `highest` either way. */
  readonly plain: 'text' | 'integer' | 'boolean' | null;
  readonly highest: number;
  /** How the type lies in Parquet. */
  readonly element: Omit<SchemaElement, 'name' | 'type'> & { readonly type: PhysicalType };
}

export type PhysicalType = 'BYTE_ARRAY' | 'INT32' | 'INT64' | 'DOUBLE' | 'BOOLEAN';

const INT_HIGHEST = 2 ** 31 - 1;

/**
 * Types of the Glue table that the conversion writes, as the OpenX SerDe reads them: numbers and booleans also from text, text from
 * anything. A number with a fraction is no int and isn't rounded; nor is an integer beyond 2^53.
 */
const TYPES: Readonly<Record<string, ColumnType>> = {
  string: {
    toCell: toText,
    plain: 'text',
    highest: 0,
    element: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  },
  int: { toCell: toInt, plain: 'integer', highest: INT_HIGHEST, element: { type: 'INT32' } },
  bigint: { toCell: toInteger, plain: 'integer', highest: Number.MAX_SAFE_INTEGER, element: { type: 'INT64' } },
  double: { toCell: toDouble, plain: 'integer', highest: Number.MAX_SAFE_INTEGER, element: { type: 'DOUBLE' } },
  boolean: { toCell: toBoolean, plain: 'boolean', highest: 1, element: { type: 'BOOLEAN' } },
  timestamp: {
    toCell: toTimestamp,
    plain: null,
    highest: 0,
    // An instant: readers must not take it for a local time.
    element: {
      type: 'INT64',
      converted_type: 'TIMESTAMP_MILLIS',
      logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
    },
  },
};

/** Throws for a type that isn't in the table above. */
export function columnType(name: string, type: string): ColumnType {
  const found = TYPES[type.toLowerCase()];
  if (found) return found;
  throw new Error(`column ${name}: the embedded conversion can't write the Glue type ${type}`);
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value); // of a number or a boolean the same as its text
}

function toInteger(value: unknown): number {
  const number = typeof value === 'string' && /^[+-]?\d+$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw new MalformedValue(`For input string: "${toText(value)}"`);
}

function toInt(value: unknown): number {
  const number = toInteger(value);
  if (number >= -INT_HIGHEST - 1 && number <= INT_HIGHEST) return number;
  throw new MalformedValue(`For input string: "${number}"`);
}

function toDouble(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  throw new MalformedValue(`For input string: "${toText(value)}"`);
}

function toBoolean(value: unknown): number {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true' ? 1 : 0;
  throw new MalformedValue(`For input boolean: "${toText(value)}"`);
}

const ZONED = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/;
const PLAIN = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,9})?$/;
/** Larger numbers are milliseconds (from 1973 on), smaller ones seconds (until 5138). */
const SECONDS_BELOW = 1e11;

/** Text `yyyy-MM-dd'T'HH:mm:ss[.S]'Z'` or `yyyy-MM-dd HH:mm:ss[.S]`, taken as UTC; epoch seconds with or without a fraction; epoch ms. */
function toTimestamp(value: unknown): number {
  if (typeof value === 'number') return Math.round(value < SECONDS_BELOW ? value * 1000 : value);
  if (typeof value === 'string' && (ZONED.test(value) || PLAIN.test(value))) {
    const time_ms = Date.parse(value.endsWith('Z') ? value : `${value.replace(' ', 'T')}Z`);
    if (!Number.isNaN(time_ms)) return time_ms;
  }
  throw new MalformedValue(`Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff]: "${toText(value)}"`);
}
