import { appendFileSync, closeSync, openSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { FatalError } from '../../lib/errors.ts';
import { LINE_LIMIT_BYTES } from './recording.ts';

/**
 * A recording being written. Each poll is on disk when `append` returns, as a gzip member or zstd frame of its own where the name ends
 * in .gz or .zst: after a kill only the poll that was being written can be incomplete.
 */
export interface RecordingFile {
  /** Appends an answer; one that is no JSON goes in as `raw`. Times are made strictly increasing. Throws FatalError. */
  append(fetched_at_ms: number, answer: Buffer): void;
  polls(): number;
  close(): void;
}

type Compress = (line: Buffer) => Buffer;

const NEWLINES = /[\r\n]/g;

/** Creates the file; an existing one is never overwritten. Throws FatalError that says why it can't be written. */
export function createRecordingFile(file: string): RecordingFile {
  const compress = compressOf(file);
  const handle = attempt(file, () => openSync(file, 'wx'));
  let last_ms = Number.NEGATIVE_INFINITY;
  let polls = 0;
  return {
    append: (fetched_at_ms, answer) => {
      last_ms = Math.max(fetched_at_ms, last_ms + 1);
      const line = recordedLine(new Date(last_ms).toISOString(), answer);
      if (line.length > LINE_LIMIT_BYTES) throw tooLong(file, line.length); // a raw answer grows where it is escaped
      attempt(file, () => appendFileSync(handle, compress(line)));
      polls++;
    },
    polls: () => polls,
    close: () => closeSync(handle),
  };
}

function compressOf(file: string): Compress {
  if (file.endsWith('.gz')) return (line) => gzipSync(line);
  if (file.endsWith('.zst')) return (line) => zstdCompressSync(line);
  return (line) => line;
}

function recordedLine(fetched_at: string, answer: Buffer): Buffer {
  const frame = `{"fetched_at":"${fetched_at}",`;
  if (!isJson(answer)) return Buffer.from(`${frame}"raw":${JSON.stringify(answer.toString())}}\n`);
  // A newline inside JSON is a space between tokens: never part of a string.
  const body = Buffer.from(answer.toString('latin1').replace(NEWLINES, ' '), 'latin1');
  return Buffer.concat([Buffer.from(`${frame}"body":`), body, Buffer.from('}\n')]);
}

function isJson(answer: Buffer): boolean {
  try {
    JSON.parse(answer.toString());
    return true;
  } catch {
    return false;
  }
}

const tooLong = (file: string, bytes: number): FatalError =>
  new FatalError(
    'local',
    'recording_line_too_long',
    `recording ${file}: an answer would make a line of ${bytes} bytes, more than ${LINE_LIMIT_BYTES}; it is left out`,
  );

const REMEDIES: Readonly<Record<string, string>> = {
  EEXIST: 'it exists already: name another file, or move that one away',
  ENOENT: 'its folder does not exist: create it first',
  EACCES: 'this user may not write there',
  EISDIR: 'it is a folder: name a file in it',
  ENOSPC: 'the disk is full: free some space and record again',
};

function attempt<T>(file: string, write: () => T): T {
  try {
    return write();
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw new FatalError('local', 'recording_not_writable', `recording ${file}: ${REMEDIES[code] ?? message}`, {
      cause,
    });
  }
}
