import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { parquetMetadataAsync, parquetRead } from 'hyparquet';
import { FatalError } from '../lib/errors.ts';
import { dateAfter, datesBetween } from './dates.ts';
import type { RangedStore } from './objects.ts';

/** Shard → sequence numbers of the records that Bronze has rows of. */
export type BronzeIndex = Map<string, Set<string>>;

const EVENTS = 'bronze/events/';
/** More days than these are listed as a whole: a replay's clock goes through years. */
const DAYS_LISTED_ONE_BY_ONE = 60;
const COLUMNS = ['shard_id', 'sequence_number'];
const COMPRESSORS = {
  GZIP: (bytes: Uint8Array): Uint8Array => gunzipSync(bytes),
  ZSTD: (bytes: Uint8Array): Uint8Array => zstdDecompressSync(bytes),
};

/**
 * Keys of the Bronze files that may hold records that arrived from a UTC date to another. A file lies in the partition of its oldest
 * record, so that the day before is looked into as well.
 */
export async function bronzeKeysOf(objects: RangedStore, from: string, to: string): Promise<string[]> {
  const first = dateAfter(from, -1);
  const days = datesBetween(first, to);
  const prefixes = days.length > DAYS_LISTED_ONE_BY_ONE ? [EVENTS] : days.map((day) => `${EVENTS}dt=${day}/`);
  const keys: string[] = [];
  for (const prefix of prefixes) keys.push(...(await objects.keys(prefix)));
  return keys.filter((key) => key.endsWith('.parquet') && key >= `${EVENTS}dt=${first}`);
}

/** Adds the records of a file: of its bytes, the footer and two columns are read. Throws FatalError `bad_bronze_file` for what is no Parquet. */
export async function addToIndex(index: BronzeIndex, objects: RangedStore, key: string): Promise<void> {
  try {
    const file = await objects.open(key);
    const metadata = await parquetMetadataAsync(file);
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      await parquetRead({
        file,
        metadata,
        columns: COLUMNS,
        compressors: COMPRESSORS,
        rowStart,
        rowEnd,
        rowFormat: 'object',
        onComplete: (rows) => addRows(index, rows as { shard_id: string; sequence_number: string }[]),
      });
      rowStart = rowEnd;
    }
  } catch (cause) {
    const remedy = 'put it back from its older version, or move it out of bronze/events/ and run the command again';
    throw new FatalError('bronze', 'bad_bronze_file', `${key} can't be read: ${String(cause)}; ${remedy}`, { cause });
  }
}

function addRows(index: BronzeIndex, rows: readonly { shard_id: string; sequence_number: string }[]): void {
  let last = '';
  for (const { shard_id, sequence_number } of rows) {
    if (sequence_number === last) continue; // the lines of a record follow each other
    last = sequence_number;
    const known = index.get(shard_id);
    if (known === undefined) index.set(shard_id, new Set([sequence_number]));
    else known.add(sequence_number);
  }
}
