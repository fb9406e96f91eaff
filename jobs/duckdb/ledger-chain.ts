import { readFileSync } from 'node:fs';
import { fromParquet, type Row } from '../../lib/parquet.ts';
import { compareSequence } from '../../lib/stream/record.ts';
import type { LakeFolder } from './lake-folder.ts';
import { type Finding, finding, note } from './ledger-finding.ts';
import type { LogFile } from './log-files.ts';

const ALTERED = 'put the object back from a copy; settled Silver is made from Bronze and does not depend on it';
const GONE =
  'put it back from a copy (deletes under log/ are refused on AWS); its changes are in settled Silver, from Bronze';
const END_GONE = 'put it back from a copy before the lane runs again: a writer would put other rows under its name';
const FIRST_DATE = '1970-01-01';
const MISSING_NAMED = 5;

/** A chain folded so far, by rules of its own: it shares no code with those who write the log. */
interface Fold {
  version: number;
  /** Date of the chain, and of the last object's folder. */
  date: string;
  folder: string;
  readonly positions: Map<string, string>;
  readonly newest: Map<string, number>;
  /** System, kind and station → slot and content. */
  readonly stations: Map<string, { readonly slot_ms: number; readonly content_hash: string }>;
  /** False after a hole, until a folder's state says what is before it. */
  known: boolean;
}

interface Head {
  readonly version: number;
  readonly positions: readonly (readonly [string, string])[];
  readonly newest: readonly (readonly [string, number])[];
}

/**
 * Checks the chain of one lane, object by object: no version is missing, each stands in the folder of the chain's date, its rows agree with
 * its counts, positions ascend, and the state at the head of a folder is the fold of what is before it. `seen` is the highest version
 * that settle has seen; `kept_from` the date of the first folder that can't have expired, null where nothing was tagged. One object and one
 * state are in memory at a time.
 */
export async function checkChain(
  lake: LakeFolder,
  files: readonly LogFile[],
  seen: number,
  kept_from: string | null = null,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const fold = emptyFold();
  const sorted = files.toSorted((a, b) => a.version - b.version || (a.date < b.date ? -1 : 1));
  for (const [i, file] of sorted.entries()) {
    const wrong = (message: string): void => {
      findings.push(finding('altered_log_object', file.key, message, ALTERED));
    };
    let rows: readonly Row[];
    try {
      ({ rows } = await fromParquet(readFileSync(lake.path(file.key))));
    } catch (error) {
      wrong(`it can't be read: ${(error as Error).message}`);
      continue;
    }
    if (file.version === sorted[i - 1]?.version) {
      wrong('its version is there in another folder as well: one of them is no part of the chain');
      continue;
    }
    const is_gone = file.version > fold.version + 1;
    if (is_gone && mayHaveExpired(fold, file, rows, kept_from)) passOver(fold, file, findings);
    else if (i === 0 && file.version > 1) begin(fold, file, rows, findings);
    for (let n = fold.version + 1; n < file.version; n++) {
      if (n - fold.version <= MISSING_NAMED) findings.push(hole(file.lane, fold, n, file));
      if (n === file.version - 1) fold.known = false;
    }
    if (!fold.known) fold.date = file.date;
    for (const message of faults(fold, file, rows)) wrong(message);
    apply(fold, file, rows);
  }
  const lane = files[0]?.lane;
  for (let n = fold.version + 1; lane !== undefined && n <= Math.min(seen, fold.version + MISSING_NAMED); n++) {
    findings.push(hole(lane, fold, n, null));
  }
  return findings;
}

function emptyFold(): Fold {
  const maps = { positions: new Map(), newest: new Map(), stations: new Map() };
  return { version: 0, date: FIRST_DATE, folder: FIRST_DATE, ...maps, known: true };
}

/** Whether all that is missing before this object lay in folders that were tagged: in the first that wasn't, nothing may lack. */
function mayHaveExpired(fold: Fold, file: LogFile, rows: readonly Row[], kept_from: string | null): boolean {
  if (kept_from === null || file.date > kept_from) return false;
  return file.date < kept_from || (fold.folder !== kept_from && headOf(rows) !== null);
}

/** What is missing before this object was tagged, and has expired: a folder goes within a day or two, and not in the order of its versions. */
function passOver(fold: Fold, file: LogFile, findings: Finding[]): void {
  const message = `versions ${fold.version + 1} to ${file.version - 1} have expired`;
  if (!findings.some(({ reason }) => reason === 'log_expired')) {
    findings.push(
      note('log_expired', file.key, message, 'nothing is to be done: state rows hold what was before them'),
    );
  }
  fold.version = file.version - 1;
  fold.date = fold.folder = file.date;
  fold.known = false;
}

/** A chain whose first object is not version 1, and of which nothing may have expired. */
function begin(fold: Fold, file: LogFile, rows: readonly Row[], findings: Finding[]): void {
  fold.known = false;
  if (headOf(rows) === null) return; // the missing versions are named one by one
  fold.version = file.version - 1;
  fold.date = fold.folder = file.date;
  const message = `the chain begins here, with version ${file.version}: everything older is gone, and it was not to expire`;
  findings.push(finding('log_beginning_gone', file.key, message, GONE));
}

function hole(lane: string, fold: Fold, version: number, next: LogFile | null): Finding {
  const key = `log/lane=${lane}/event_date=${fold.date}/${String(version).padStart(12, '0')}.parquet`;
  const where = next === null || next.date === fold.date ? '' : ` (or in the folder of ${next.date})`;
  const message =
    next === null
      ? 'settle has seen it, and it is gone'
      : `version ${next.version} is there, and this one is gone${where}`;
  return finding('deleted_log_object', key, message, next === null ? END_GONE : GONE);
}

/** What of an object does not agree with itself or with the chain before it. */
function faults(fold: Fold, file: LogFile, rows: readonly Row[]): string[] {
  const own = rows.filter((row) => row.row_kind === 'batch' || row.row_kind === 'turn');
  const changes = rows.filter((row) => row.row_kind === 'change');
  const [first] = own;
  const messages: string[] = [];
  if (rows.some((row) => row.lane !== file.lane || row.version !== file.version)) {
    messages.push('rows of it name another lane or version than its key does');
  }
  if (own.length !== 1 || first === undefined)
    return [...messages, `it has ${own.length} rows of kind batch or turn, and must have one`];
  if (fold.known && file.date !== fold.date) {
    messages.push(`it lies in the folder of ${file.date}, and the date of the chain is ${fold.date}`);
  }
  const head = headOf(rows);
  const is_first = file.version > 1 && file.date !== fold.folder;
  if (fold.known && is_first && head === null) messages.push('it is the first of its folder, and has no state');
  if (fold.known && head !== null && file.version > 1) messages.push(...stateFaults(fold, file, head, rows));
  if (first.row_kind === 'turn') {
    if (!(text(first.next_date) > fold.date)) messages.push(`a turn to ${text(first.next_date)}, which is not later`);
    if (changes.length > 0) messages.push('a turn with changes');
    return messages;
  }
  if (first.fresh !== changes.length)
    messages.push(`it counts ${Number(first.fresh)} fresh events and has ${changes.length} rows of kind change`);
  return first.records === 0 ? messages : [...messages, ...rangeFaults(fold, first)];
}

function rangeFaults(fold: Fold, { shard_id, first_sequence, last_sequence }: Row): string[] {
  const from = text(first_sequence);
  if (compareSequence(from, text(last_sequence)) > 0) return ['its first sequence number is after its last one'];
  const position = fold.positions.get(text(shard_id));
  if (position === undefined || compareSequence(from, position) > 0) return [];
  return [`it consumes from ${from} on, which objects before it consumed up to ${position}`];
}

function stateFaults(fold: Fold, file: LogFile, head: Head, rows: readonly Row[]): string[] {
  const messages: string[] = [];
  if (head.version !== file.version - 1) messages.push(`its state is that of version ${head.version}`);
  if (differ(fold.positions, head.positions))
    messages.push('the positions of its state are not those that the objects before it lead to');
  if (differ(fold.newest, head.newest))
    messages.push('the newest slots of its state are not those that the objects before it lead to');
  const states = rows.filter((row) => row.row_kind === 'state' && row.station_id !== undefined);
  const wrong = states.filter((row) => {
    const known = fold.stations.get(stationKey(row));
    return known?.slot_ms !== row.slot || known?.content_hash !== row.content_hash;
  });
  if (wrong.length > 0 || states.length !== fold.stations.size) {
    const example =
      wrong[0] === undefined ? '' : `, such as ${text(wrong[0].station_id)} of ${text(wrong[0].system_id)}`;
    messages.push(
      `${Math.max(wrong.length, Math.abs(fold.stations.size - states.length))} stations of its state are not as the objects before it left them${example}`,
    );
  }
  return messages;
}

function differ<V>(known: ReadonlyMap<string, V>, entries: readonly (readonly [string, V])[]): boolean {
  return known.size !== entries.length || entries.some(([key, value]) => known.get(key) !== value);
}

function apply(fold: Fold, file: LogFile, rows: readonly Row[]): void {
  const head = headOf(rows);
  if (head !== null) {
    for (const map of [fold.positions, fold.newest, fold.stations]) map.clear();
    for (const [shard, position] of head.positions) fold.positions.set(shard, position);
    for (const [part, slot_ms] of head.newest) fold.newest.set(part, slot_ms);
    fold.known = true;
  }
  fold.version = file.version;
  fold.folder = file.date;
  for (const row of rows) {
    if (row.row_kind === 'turn') fold.date = later(fold.date, String(row.next_date));
    else if (row.row_kind === 'batch') applyBatch(fold, row);
    else if (row.station_id !== undefined) applyStation(fold, row);
  }
}

function applyBatch(fold: Fold, { shard_id, last_sequence, newest_slots }: Row): void {
  const position = fold.positions.get(text(shard_id));
  if (last_sequence !== undefined && (position === undefined || compareSequence(text(last_sequence), position) > 0)) {
    fold.positions.set(text(shard_id), text(last_sequence));
  }
  const slots = Object.entries(parsed<Record<string, number>>(newest_slots) ?? {});
  for (const [part, slot_ms] of slots) fold.newest.set(part, Math.max(slot_ms, fold.newest.get(part) ?? slot_ms));
}

function applyStation(fold: Fold, row: Row): void {
  const key = stationKey(row);
  const slot_ms = Number(row.slot);
  if (slot_ms > (fold.stations.get(key)?.slot_ms ?? -1))
    fold.stations.set(key, { slot_ms, content_hash: String(row.content_hash) });
}

/** A cell of a text column; a tampered one may hold anything, or nothing. */
const text = (cell: unknown): string => (typeof cell === 'string' ? cell : '');

/** The JSON in a cell; null where it holds none. */
function parsed<T>(cell: unknown): T | null {
  try {
    return JSON.parse(text(cell)) as T;
  } catch {
    return null;
  }
}

const later = (a: string, b: string): string => (a > b ? a : b);

const stationKey = (row: Row): string => JSON.stringify([row.system_id, row.kind, row.station_id]);

function headOf(rows: readonly Row[]): Head | null {
  return parsed<Head>(rows.find((row) => row.row_kind === 'state' && typeof row.head === 'string')?.head);
}
