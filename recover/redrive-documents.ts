import { RejectedInput } from '../lib/errors.ts';
import { markDirty } from '../lib/gold/dirty.ts';
import { erasedSystems } from '../lib/gold/erasure.ts';
import { decodeChunk } from '../lib/stream/chunk.ts';
import { type Pause, type PutPort, putRecords, type StreamRecord } from '../lib/stream/put-records.ts';
import { compareSequence } from '../lib/stream/record.ts';
import type { Given, Outcome } from './command.ts';
import { type Done, DoneMarkers, staying } from './done.ts';
import { withoutSystems } from './erase/chunk.ts';
import { type GivenUpBatch, type GivenUpRecord, parseFailureDocument, recordsOfBatch } from './failure-document.ts';
import type { ObjectStore } from './objects.ts';
import type { StreamReader } from './stream-reader.ts';

export interface RedrivePorts {
  readonly objects: ObjectStore;
  readonly stream: PutPort & StreamReader;
  readonly pause: Pause;
  readonly now_ms: () => number;
}

export interface RedriveRange {
  /** UTC dates, inclusive, of the day on which a batch was given up. */
  readonly from: string | null;
  readonly to: string | null;
  readonly shard: string | null;
}

const COMMAND = 'redrive';
const FAILURES = 'aws/lambda/';
/** `aws/lambda/<mapping>/<shard>/YYYY/MM/DD/<name>`. */
const DOCUMENT = /^aws\/lambda\/[^/]+\/([^/]+)\/(\d{4})\/(\d\d)\/(\d\d)\/[^/]+$/;

/**
 * Records of older slots are not put. The log's objects may expire 40 days after they were created, and a state is used that is a week older than the
 * batch: a record of 30 days ago meets a state of 37 days ago at the oldest, behind which everything is still there. With an older one, a writer
 * could put a name anew that has expired.
 */
export const REDRIVE_DAYS = 30;
const DAY_MS = 86_400_000;
const TOO_OLD = `its slot is more than ${REDRIVE_DAYS} days ago: the log behind it may have expired, so it can't be put into the stream again. Nothing is lost: it is in Bronze, from where settle has it`;

/** A document with records that were not brought back yet. */
interface Open {
  readonly key: string;
  readonly first_sequence: string;
  readonly before: Done | null;
}

interface Sum {
  documents: number;
  records: number;
  readonly dates: Set<string>;
  readonly notes: string[];
}

/**
 * Puts the records of given-up batches into the stream again: document by document in the order of the stream, each record under its own
 * partition key, so that the order of a lane is kept. A record that is no chunk stays in its document.
 * Delivery guarantee: at least once. A document's marker is put after its records, so that one that was worked on when the command was
 * killed is put again: Silver calls the second ones late or duplicate, settle takes the first.
 */
export async function redriveDocuments(
  { objects, stream, pause, now_ms }: RedrivePorts,
  range: RedriveRange,
  { dry_run, progress }: Pick<Given, 'dry_run' | 'progress'>,
): Promise<Outcome> {
  const markers = await DoneMarkers.list(objects, COMMAND);
  const erased = await erasedSystems(objects);
  const sum: Sum = { documents: 0, records: 0, dates: new Set(), notes: [] };
  const open = await openDocuments(objects, markers, range, sum.notes, progress);
  for (const [n, { key, before }] of open.entries()) {
    progress(n, open.length, 'documents');
    const batch = parseFailureDocument((await objects.get(key))?.toString('utf8') ?? '');
    const { chunks, dates, stays } = judge(
      batch,
      await recordsOfBatch(batch, stream),
      before,
      now_ms() - REDRIVE_DAYS * DAY_MS,
      erased,
    );
    sum.notes.push(...staying(key, stays));
    if (chunks.length > 0) {
      if (!dry_run) {
        for (const date of dates)
          await markDirty(objects, { format: 1, date, command: COMMAND, removed: [] }, batch.first_sequence);
        const unsent = await putRecords(chunks, stream, pause);
        if (unsent.length > 0) {
          sum.notes.push(`${key}: the stream takes no more (${unsent[0]?.reason}), ${open.length - n} documents wait`);
          break;
        }
      }
      sum.documents += 1;
      sum.records += chunks.length;
      for (const date of dates) sum.dates.add(date);
    }
    const isNews = chunks.length > 0 || before === null;
    const brought_back = (before?.brought_back ?? 0) + chunks.length;
    if (isNews && !dry_run)
      await markers.write({ format: 1, from: key, at: new Date(now_ms()).toISOString(), brought_back, stays });
  }
  return {
    counts: { documents_redriven: sum.documents, records_put_into_the_stream: sum.records },
    notes: sum.notes,
    dirty: [...sum.dates].sort(),
    changed: sum.documents > 0,
  };
}

/** The documents in range that have something left, in the order of the stream: a lane that changed its shard has larger numbers in the new one. */
async function openDocuments(
  objects: ObjectStore,
  markers: DoneMarkers,
  range: RedriveRange,
  notes: string[],
  progress: Given['progress'],
): Promise<Open[]> {
  const open: Open[] = [];
  const keys = (await objects.keys(FAILURES)).filter((key) => isInRange(key, range, notes));
  for (const [n, key] of keys.entries()) {
    progress(n, keys.length, 'reading what was given up');
    const before = await markers.read(key);
    if (before !== null && Object.keys(before.stays).length === 0) continue;
    try {
      const { first_sequence } = parseFailureDocument((await objects.get(key))?.toString('utf8') ?? '');
      open.push({ key, first_sequence, before });
    } catch (error) {
      if (!(error instanceof RejectedInput)) throw error;
      notes.push(`${key}: ${error.message}`);
    }
  }
  return open.sort((a, b) => compareSequence(a.first_sequence, b.first_sequence));
}

function isInRange(key: string, { from, to, shard }: RedriveRange, notes: string[]): boolean {
  const [, own, year, month, day] = DOCUMENT.exec(key) ?? [];
  if (own === undefined) {
    notes.push(`${key}: its name is not that of a failure document`);
    return false;
  }
  const date = `${year}-${month}-${day}`;
  return (shard === null || own === shard) && (from === null || date >= from) && (to === null || date <= to);
}

/** What of a batch goes into the stream (nothing of systems that were erased), the dates of its slots, and what stays: of a batch that was worked on before, only what stayed then. */
function judge(
  batch: GivenUpBatch,
  records: readonly GivenUpRecord[],
  before: Done | null,
  from_ms: number,
  erased: ReadonlySet<string>,
) {
  const chunks: StreamRecord[] = [];
  const dates = new Set<string>();
  const stays: Record<string, string> = {};
  for (const { sequence_number, partition_key, bytes } of records) {
    if (before !== null && !(sequence_number in before.stays)) continue;
    try {
      const { slot_ms } = decodeChunk(bytes).header;
      if (slot_ms < from_ms) {
        stays[sequence_number] = TOO_OLD;
        continue;
      }
      dates.add(new Date(slot_ms).toISOString().slice(0, 10));
      chunks.push({ partition_key, bytes: withoutSystems(bytes, erased)?.bytes ?? bytes });
    } catch (error) {
      if (!(error instanceof RejectedInput)) throw error;
      stays[sequence_number] = error.message;
    }
  }
  const missing = batch.size - records.length;
  if (missing > 0)
    stays[`${batch.first_sequence} to ${batch.last_sequence}`] =
      `${missing} of ${batch.size} records are neither in the document nor in the stream any more; Bronze may have them`;
  return { chunks, dates: [...dates].sort(), stays };
}
