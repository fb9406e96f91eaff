import type { ColumnType, ParquetContent, Row } from '../../lib/parquet.ts';

/**
 * Log objects as JSON where Parquet would take most of the time (2 ms to write, 1 ms to read a small one). What the rows keep and
 * lose is as in lib/parquet.ts: the columns of the table, no nulls. `plain-rows.test.ts` holds the two against each other.
 */
export const encoding: { current: 'plain' | 'parquet' } = { current: 'plain' };

const MARK = 'PLAIN';
type Parquet = typeof import('../../lib/parquet.ts');

/** For `vi.mock('../../lib/parquet.ts', withPlainRows)`. Reads both; writes what `encoding` says. */
export async function withPlainRows(original: () => Promise<Parquet>): Promise<Parquet> {
  const { toParquet, fromParquet } = await original();
  return {
    toParquet: (columns, rows, metadata) =>
      encoding.current === 'plain' ? toPlain(columns, rows, metadata) : toParquet(columns, rows, metadata),
    fromParquet: async (file) => (isPlain(file) ? fromPlain(file) : fromParquet(file)),
  };
}

export function toPlain(
  columns: Readonly<Record<string, ColumnType>>,
  rows: readonly Row[],
  metadata: Readonly<Record<string, string>> = {},
): Buffer {
  const names = Object.keys(columns);
  const kept = rows.map((row) =>
    Object.fromEntries(
      names.flatMap((name) => (row[name] === null || row[name] === undefined ? [] : [[name, row[name]]])),
    ),
  );
  return Buffer.from(MARK + JSON.stringify({ rows: kept, metadata: Object.entries(metadata) }));
}

export const isPlain = (file: Uint8Array): boolean => Buffer.from(file.subarray(0, MARK.length)).toString() === MARK;

export function fromPlain(file: Uint8Array): ParquetContent {
  const { rows, metadata } = JSON.parse(Buffer.from(file.subarray(MARK.length)).toString());
  return { rows, metadata: new Map(metadata) };
}
