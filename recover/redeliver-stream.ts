import { RejectedInput } from '../lib/errors.ts';
import { erasedSystems } from '../lib/gold/erasure.ts';
import { compareSequence } from '../lib/stream/record.ts';
import { type BronzeRow, bronzeFile, bronzeKey, datesOf, partitionOf } from './bronze-file.ts';
import { addToIndex, type BronzeIndex, bronzeKeysOf } from './bronze-index.ts';
import type { Given, Outcome } from './command.ts';
import { rowsOfRecord } from './error-line.ts';
import type { RangedStore } from './objects.ts';
import { type ArrivalRange, FILE_ROWS, mark } from './redeliver-errors.ts';
import type { ReadRecord, StreamReader } from './stream-reader.ts';

export interface BackfillPorts {
  readonly objects: RangedStore;
  readonly stream: StreamReader;
  readonly now_ms: () => number;
  /** True where no delivery stream is still delivering: then all that Bronze lacks is missing. */
  readonly is_drained: boolean;
}

/** A record beyond the newest of its shard in Bronze may still be on its way for this long: longer than any interval of the delivery stream. */
const UNDER_WAY_MS = 3_600_000;

/** Rows for one file: of one shard and one partition. */
interface Pending {
  readonly partition: string;
  readonly sequences: string[];
  readonly rows: BronzeRow[];
}

/**
 * Brings the records into Bronze that the stream retains and no delivery stream delivered, because it was replaced or began late: those whose
 * shard and sequence number no Bronze file has. A record that is no chunk stays in the stream until it expires.
 * Of systems that were erased nothing is brought back.
 * Delivery guarantee: at least once; killed, the next run finds what is still missing. Files are named by the records that they hold.
 */
export async function redeliverStream(
  { objects, stream, now_ms, is_drained }: BackfillPorts,
  range: ArrivalRange,
  { dry_run, progress }: Pick<Given, 'dry_run' | 'progress'>,
): Promise<Outcome> {
  const counts = { records_in_the_stream: 0, records_brought_back: 0, rows_into_bronze: 0, files: 0, under_way: 0 };
  const dates = new Set<string>();
  const foreign: string[] = [];
  const shards = await stream.shards();
  const erased = await erasedSystems(objects);
  const now = now_ms();
  const index = await indexOf(objects, stream, shards, range, now, progress);
  const isMissing = (record: ReadRecord, newest: string | null): boolean => {
    if (index.get(record.shard_id)?.has(record.sequence_number)) return false;
    const isBeyond = newest === null || compareSequence(record.sequence_number, newest) > 0;
    if (is_drained || !isBeyond || now - record.arrived_at_ms > UNDER_WAY_MS) return true;
    counts.under_way += 1;
    return false;
  };
  const flush = async (shard: string, pending: Pending | null): Promise<void> => {
    if (pending === null || pending.rows.length === 0) return;
    counts.files += 1;
    counts.records_brought_back += pending.sequences.length;
    counts.rows_into_bronze += pending.rows.length;
    const target = bronzeKey(pending.partition, 'redeliver-stream', shard, ...pending.sequences);
    for (const day of datesOf(pending.rows)) {
      dates.add(day);
      if (!dry_run) await mark(objects, day, target);
    }
    if (!dry_run) await objects.put(target, bronzeFile(pending.rows));
  };
  for (const shard of shards) {
    const newest = newestOf(index.get(shard));
    let pending: Pending | null = null;
    for await (const record of stream.read(shard)) {
      if (!isInRange(record, range)) continue;
      counts.records_in_the_stream += 1;
      progress(counts.records_in_the_stream, null, `${counts.records_in_the_stream} records of the stream`);
      if (!isMissing(record, newest)) continue;
      const rows = rowsOf(record, foreign).filter((row) => !erased.has(String(row.system_id)));
      if (rows.length === 0) continue;
      const partition = partitionOf(record.arrived_at_ms);
      if (pending !== null && (pending.partition !== partition || pending.rows.length >= FILE_ROWS)) {
        await flush(shard, pending);
        pending = null;
      }
      pending ??= { partition, sequences: [], rows: [] };
      pending.sequences.push(record.sequence_number);
      for (const row of rows) pending.rows.push(row);
    }
    await flush(shard, pending);
  }
  return { counts, notes: foreign, dirty: [...dates].sort(), changed: counts.files > 0 };
}

/** What Bronze has of the records that the stream may still hold. */
async function indexOf(
  objects: RangedStore,
  stream: StreamReader,
  shards: readonly string[],
  { from, to }: ArrivalRange,
  now: number,
  progress: Given['progress'],
): Promise<BronzeIndex> {
  const index: BronzeIndex = new Map();
  let oldest_ms = now;
  for (const shard of shards) {
    for await (const { arrived_at_ms } of stream.read(shard)) {
      oldest_ms = Math.min(oldest_ms, arrived_at_ms);
      break;
    }
  }
  const oldest = dateOf(oldest_ms);
  const first = from !== null && from > oldest ? from : oldest;
  const last = to ?? dateOf(now);
  if (last < first) return index;
  const keys = await bronzeKeysOf(objects, first, last);
  for (const [n, key] of keys.entries()) {
    progress(n, keys.length, 'files of Bronze');
    await addToIndex(index, objects, key);
  }
  return index;
}

function isInRange({ arrived_at_ms }: ReadRecord, { from, to }: ArrivalRange): boolean {
  const date = dateOf(arrived_at_ms);
  return (from === null || date >= from) && (to === null || date <= to);
}

function newestOf(sequences: ReadonlySet<string> | undefined): string | null {
  let newest: string | null = null;
  for (const sequence of sequences ?? []) {
    if (newest === null || compareSequence(sequence, newest) > 0) newest = sequence;
  }
  return newest;
}

function rowsOf({ data, shard_id, sequence_number, arrived_at_ms }: ReadRecord, foreign: string[]): BronzeRow[] {
  try {
    return rowsOfRecord(data, shard_id, sequence_number, arrived_at_ms);
  } catch (error) {
    if (!(error instanceof RejectedInput)) throw error;
    foreign.push(`record ${sequence_number} of ${shard_id}: ${error.message}`);
    return [];
  }
}

const dateOf = (time_ms: number): string => new Date(time_ms).toISOString().slice(0, 10);
