import { RejectedInput } from '../lib/errors.ts';
import { markDirty } from '../lib/gold/dirty.ts';
import { erasedSystems } from '../lib/gold/erasure.ts';
import { type BronzeRow, bronzeFile, bronzeKey, datesOf } from './bronze-file.ts';
import type { Given, Outcome } from './command.ts';
import { DoneMarkers, staying } from './done.ts';
import { type ErrorOutput, rowsOfErrorLine } from './error-line.ts';
import type { ObjectStore } from './objects.ts';

export interface RedeliverPorts {
  readonly objects: ObjectStore;
  readonly now_ms: () => number;
}

/** UTC dates of arrival, inclusive. */
export interface ArrivalRange {
  readonly from: string | null;
  readonly to: string | null;
}

export const COMMAND = 'redeliver';
const ERRORS = 'errors/bronze/';
const ERROR_OBJECT = /^errors\/bronze\/(processing-failed|format-conversion-failed)\/(dt=(\d{4}-\d\d-\d\d)\/hh=\d\d)\//;
/** Rows of a file at most: what is held in memory at a time. */
export const FILE_ROWS = 50_000;

/**
 * Brings what Firehose left under its error prefix into Bronze: the lines of an error object become files in the partition of its arrival,
 * named by the object and the lines. What can't be a row stays, and only that is tried again by a later run.
 * Delivery guarantee: at least once, and the same files when the same lines are brought back again. An error object is never changed.
 */
export async function redeliverErrors(
  { objects, now_ms }: RedeliverPorts,
  { from, to }: ArrivalRange,
  { dry_run, progress }: Pick<Given, 'dry_run' | 'progress'>,
): Promise<Outcome> {
  const markers = await DoneMarkers.list(objects, COMMAND);
  const erased = await erasedSystems(objects);
  const counts = { error_objects: 0, lines_brought_back: 0, rows_into_bronze: 0, files: 0 };
  const dates = new Set<string>();
  const notes: string[] = [];
  const keys = await objects.keys(ERRORS);
  for (const [n, key] of keys.entries()) {
    progress(n, keys.length, 'error objects');
    const [, output, partition, date = ''] = ERROR_OBJECT.exec(key) ?? [];
    if (output === undefined || partition === undefined) {
      notes.push(`${key}: its name is not that of an error object of Bronze`);
      continue;
    }
    if ((from !== null && date < from) || (to !== null && date > to)) continue;
    const before = await markers.read(key);
    if (before !== null && Object.keys(before.stays).length === 0) continue;
    const lines = linesOf((await objects.get(key)) ?? Buffer.alloc(0), before === null ? null : before.stays);
    const stays: Record<string, string> = {};
    let brought_back = 0;
    for (const file of filesOf(lines, output as ErrorOutput, stays, erased)) {
      brought_back += file.lines.length;
      counts.rows_into_bronze += file.rows.length;
      counts.files += 1;
      const target = bronzeKey(partition, COMMAND, key, ...file.lines);
      for (const day of datesOf(file.rows)) {
        dates.add(day);
        if (!dry_run) await mark(objects, day, target);
      }
      if (!dry_run) await objects.put(target, bronzeFile(file.rows));
    }
    notes.push(...staying(key, stays));
    counts.lines_brought_back += brought_back;
    if (brought_back > 0) counts.error_objects += 1;
    if (dry_run || (before !== null && brought_back === 0)) continue;
    const at = new Date(now_ms()).toISOString();
    await markers.write({
      format: 1,
      from: key,
      at,
      brought_back: (before?.brought_back ?? 0) + brought_back,
      stays,
    });
  }
  return { counts, notes, dirty: [...dates].sort(), changed: counts.files > 0 };
}

/** Marks a date for a Bronze file: the day is settled again whenever the file comes. */
export async function mark(objects: ObjectStore, date: string, file: string): Promise<void> {
  const id = file.slice(file.lastIndexOf('-') + 1, -'.parquet'.length);
  await markDirty(objects, { format: 1, date, command: COMMAND, removed: [] }, id);
}

/** Lines by their number, from 1, one at a time; where some stayed before, only those. */
function* linesOf(
  bytes: Buffer,
  stayed: Readonly<Record<string, string>> | null,
): Generator<{ number: string; text: string }> {
  let number = 0;
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf('\n', start);
    const until = end < 0 ? bytes.length : end;
    number += 1;
    const isWanted = until > start && (stayed === null || String(number) in stayed);
    if (isWanted) yield { number: String(number), text: bytes.toString('utf8', start, until) };
    start = until + 1;
  }
}

/** What of the lines are rows, in files, but for those of systems that were erased; the others are put into `stays`. */
function* filesOf(
  lines: Iterable<{ number: string; text: string }>,
  output: ErrorOutput,
  stays: Record<string, string>,
  erased: ReadonlySet<string>,
): Generator<{ lines: string[]; rows: BronzeRow[] }> {
  let file: { lines: string[]; rows: BronzeRow[] } = { lines: [], rows: [] };
  for (const { number, text } of lines) {
    try {
      for (const row of rowsOfErrorLine(text, output)) if (!erased.has(String(row.system_id))) file.rows.push(row);
      file.lines.push(number);
    } catch (error) {
      if (!(error instanceof RejectedInput)) throw error;
      stays[number] = error.message;
    }
    if (file.rows.length < FILE_ROWS) continue;
    yield file;
    file = { lines: [], rows: [] };
  }
  if (file.rows.length > 0) yield file;
}
