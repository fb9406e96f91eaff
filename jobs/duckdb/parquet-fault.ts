import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const MAGIC = 'PAR1';
/** The magic at both ends, and the length of the footer before the second one. */
const SMALLEST_BYTES = 12;

/**
 * Why a file can't be a whole Parquet file, from its two ends and its size; null if nothing speaks against it. It costs a few reads, so
 * that thousands of files can be looked at before DuckDB is given their list, of which one bad file fails the whole.
 */
export function parquetFault(path: string): string | null {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size < SMALLEST_BYTES) return `it has ${size} bytes`;
    const ends = Buffer.alloc(SMALLEST_BYTES);
    readSync(file, ends, 0, 4, 0);
    readSync(file, ends, 4, 8, size - 8);
    if (ends.toString('latin1', 0, 4) !== MAGIC) return 'it does not begin as a Parquet file does';
    if (ends.toString('latin1', 8, 12) !== MAGIC) return `it is cut off: its ${size} bytes have no footer at their end`;
    const footer_bytes = ends.readUInt32LE(4);
    if (footer_bytes === 0 || footer_bytes > size - SMALLEST_BYTES)
      return `its footer would have ${footer_bytes} bytes`;
    return null;
  } finally {
    closeSync(file);
  }
}
