import type { SchemaElement } from 'hyparquet';

/** A JSON value as a value of a column; throws MalformedValue if it doesn't fit. */
export type ToCell = (value: unknown) => unknown;

export class MalformedValue extends Error {}

interface ColumnType {
  readonly toCell: ToCell;
  /** How the type lies in Parquet. */
  readonly element: Omit<SchemaElement, 'name'>;
}

/**
 * Types of the Glue table that the conversion writes, as the OpenX SerDe reads them: numbers and booleans also from text, text from
 * anything. A number with a fraction is no int and isn't rounded.
 */
const TYPES: Readonly<Record<string, ColumnType>> = {
  string: { toCell: toText, element: { type: 'BYTE_ARRAY', converted_type: 'UTF8' } },
  int: { toCell: integerWithin(-(2 ** 31), 2 ** 31 - 1), element: { type: 'INT32' } },
  bigint: { toCell: toBigint, element: { type: 'INT64' } },
  double: { toCell: toDouble, element: { type: 'DOUBLE' } },
  boolean: { toCell: toBoolean, element: { type: 'BOOLEAN' } },
  timestamp: {
    toCell: toTimestamp,
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
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function toInteger(value: unknown): number {
  const number = typeof value === 'string' && /^[+-]?\d+$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw new MalformedValue(`For input string: "${toText(value)}"`);
}

function integerWithin(lowest: number, highest: number): ToCell {
  return (value) => {
    const number = toInteger(value);
    if (number >= lowest && number <= highest) return number;
    throw new MalformedValue(`For input string: "${number}"`);
  };
}

let lastNumber = 0;
let lastBigint = 0n;

/** Neighbouring rows mostly have the same times, and a BigInt costs more than all else here. */
function toBigint(value: unknown): bigint {
  if (value === lastNumber) return lastBigint;
  lastNumber = toInteger(value);
  lastBigint = BigInt(lastNumber);
  return lastBigint;
}

function toDouble(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  throw new MalformedValue(`For input string: "${toText(value)}"`);
}

function toBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && /^(true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  throw new MalformedValue(`For input boolean: "${toText(value)}"`);
}

const ZONED = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/;
const PLAIN = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,9})?$/;
/** Larger numbers are milliseconds (from 1973 on), smaller ones seconds (until 5138). */
const SECONDS_BELOW = 1e11;

/** Epoch ms. Text `yyyy-MM-dd'T'HH:mm:ss[.S]'Z'` or `yyyy-MM-dd HH:mm:ss[.S]`, taken as UTC; epoch seconds with or without a fraction; epoch ms. */
function toTimestamp(value: unknown): bigint {
  if (typeof value === 'number') return BigInt(Math.round(value < SECONDS_BELOW ? value * 1000 : value));
  if (typeof value === 'string' && (ZONED.test(value) || PLAIN.test(value))) {
    const time_ms = Date.parse(value.endsWith('Z') ? value : `${value.replace(' ', 'T')}Z`);
    if (!Number.isNaN(time_ms)) return BigInt(time_ms);
  }
  throw new MalformedValue(`Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff]: "${toText(value)}"`);
}
