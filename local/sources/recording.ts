import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { FatalError } from '../../lib/errors.ts';
import { LineTooLong, linesOf } from './lines.ts';
import { LineFault, parseRecordedPoll, type RecordedPoll } from './recorded-poll.ts';

/** The longest line of a recording. */
export const LINE_LIMIT_BYTES = 64 * 1024 * 1024;

export interface Recording extends AsyncIterable<RecordedPoll> {
  /** Share of the file that was read, 0 to 1. */
  share(): number;
}

/**
 * Opens a recording: NDJSON of polls, oldest first, plain, gzip or zstd. The polls come in order; one is held at a time.
 * The iteration throws FatalError, naming the file, the line and the remedy, where the file can't be read or a line is no poll.
 */
export function openRecording(file: string): Recording {
  const lines = linesOf(file, LINE_LIMIT_BYTES);
  let size_bytes = 0;
  return {
    share: () => (size_bytes === 0 ? 0 : Math.min(1, lines.bytesRead() / size_bytes)),
    async *[Symbol.asyncIterator]() {
      let last: RecordedPoll | null = null;
      let reached = 1;
      try {
        size_bytes = (await stat(file)).size;
        for await (const { line, text } of lines) {
          reached = line;
          if (text.length === 0) continue;
          const poll = parseRecordedPoll(line, text);
          if (last && poll.fetched_at_ms <= last.fetched_at_ms) throw notLater(poll, last);
          last = poll;
          yield poll;
        }
      } catch (error) {
        throw unreadable(file, error, reached);
      }
      if (!last) throw recordingError(file, 'recording_empty', 'it is empty: a recording has a line for each poll');
    },
  };
}

/** What a replay needs to know of a recording before it runs. */
export interface RecordingSystem {
  /** From the file's name: `docomo_2022-06-29.ndjson.gz` is `docomo`. */
  readonly system_id: string;
  /** The median gap of the first polls, in whole minutes. */
  readonly interval_s: number;
  /** IANA; the recording doesn't say it: UTC, unless system_information lies beside it. */
  readonly time_zone: string;
  /** Stations in the first body that lists any. */
  readonly stations: number;
  /** Tells this content from another in a file of the same name: SHA-256 (hex) over the size and the first MB. */
  readonly fingerprint: string;
  readonly first_fetched_at_ms: number;
}

const MINUTE_MS = 60_000;
const POLLS_LOOKED_AT = 100;
const FINGERPRINT_BYTES = 1 << 20;

/** Reads the beginning of a recording. Throws as openRecording does. */
export async function recordingSystem(file: string, time_zone = 'UTC'): Promise<RecordingSystem> {
  const times_ms: number[] = [];
  let stations = 0;
  for await (const poll of openRecording(file)) {
    times_ms.push(poll.fetched_at_ms);
    if (stations === 0 && !poll.is_raw) stations = countStations(poll.body);
    if (times_ms.length === POLLS_LOOKED_AT) break;
  }
  return {
    system_id: systemIdOf(file),
    interval_s: (Math.max(1, Math.round(medianGap(times_ms) / MINUTE_MS)) * MINUTE_MS) / 1000,
    time_zone,
    stations,
    fingerprint: await fingerprintOf(file),
    first_fetched_at_ms: times_ms[0] ?? 0,
  };
}

/** A recording's name without `.ndjson`, `.gz` and the like. */
export const withoutEndings = (name: string): string => name.replace(/(\.(ndjson|jsonl|json|gz|gzip|zst|zstd))+$/i, '');

function systemIdOf(file: string): string {
  const name = withoutEndings(basename(file).toLowerCase())
    .replace(/[^a-z0-9]+\d{4}([-_]?\d{2}){1,2}$/, '')
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return name || 'recording';
}

function countStations(body: Buffer): number {
  const document = JSON.parse(body.toString()) as { data?: { stations?: unknown } } | null;
  const stations = document?.data?.stations;
  return Array.isArray(stations) ? stations.length : 0;
}

function medianGap(times_ms: readonly number[]): number {
  const gaps = times_ms.slice(1).map((time_ms, i) => time_ms - (times_ms[i] ?? time_ms));
  return gaps.sort((a, b) => a - b)[gaps.length >> 1] ?? MINUTE_MS;
}

async function fingerprintOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const head = Buffer.alloc(Math.min(size, FINGERPRINT_BYTES));
    await handle.read(head, 0, head.length, 0);
    return createHash('sha256').update(`${size}\n`).update(head).digest('hex');
  } finally {
    await handle.close();
  }
}

const recordingError = (file: string, reason: string, problem: string, cause?: unknown): FatalError =>
  new FatalError('local', reason, `recording ${file}: ${problem}`, { cause });

const notLater = (poll: RecordedPoll, last: RecordedPoll): LineFault =>
  new LineFault(
    `"fetched_at" ${new Date(poll.fetched_at_ms).toISOString()} is not after ${new Date(last.fetched_at_ms).toISOString()} ` +
      `of line ${last.line}: sort the lines by time, and keep one of those with the same time`,
  );

/** What the errors of file system and decompressor mean for a person. */
function unreadable(file: string, error: unknown, line: number): FatalError {
  if (error instanceof LineFault)
    return recordingError(file, 'recording_line', `line ${line}: ${error.message}`, error);
  if (error instanceof LineTooLong) return recordingError(file, 'recording_line', error.message, error);
  if (error instanceof FatalError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return recordingError(file, 'recording_not_found', 'there is no such file', error);
  if (code === 'EACCES') return recordingError(file, 'recording_not_readable', 'this user may not read it', error);
  if (code === 'EISDIR')
    return recordingError(file, 'recording_not_readable', 'it is a folder: name a file in it', error);
  if (code === 'Z_BUF_ERROR') {
    const problem = `the compressed file ends in the middle, after line ${line}: it was cut off, or what wrote it was killed. Copy it again, or unpack what is there and replay that`;
    return recordingError(file, 'recording_truncated', problem, error);
  }
  return recordingError(file, 'recording_not_readable', `near line ${line}: ${message} (${code})`, error);
}
