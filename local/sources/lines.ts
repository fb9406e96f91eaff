import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable, Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';

const NEWLINE = 0x0a;
const CHUNK_BYTES = 1 << 20;
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** A line that is longer than `limit_bytes`. */
export class LineTooLong extends Error {
  constructor(line: number, limit_bytes: number) {
    super(`line ${line} is longer than ${limit_bytes} bytes`);
  }
}

export interface Line {
  /** From 1. */
  readonly line: number;
  /** Without its newline. */
  readonly text: Buffer;
}

export interface Lines extends AsyncIterable<Line> {
  /** Bytes of the file read so far: as stored, so compressed ones where it is compressed. */
  bytesRead(): number;
}

/** Where the reading of a file stands. */
interface Position {
  bytes: () => number;
}

/**
 * The lines of a file: plain text, gzip or zstd, told apart by the first bytes and never by the name. Holds one line and a few MB at a
 * time. Errors of the file system and of the decompressor come as Node gives them.
 */
export function linesOf(file: string, limit_bytes: number): Lines {
  const position: Position = { bytes: () => 0 };
  return {
    bytesRead: () => position.bytes(),
    [Symbol.asyncIterator]: () => split(decompressed(file, position), limit_bytes),
  };
}

async function* split(chunks: AsyncIterable<Buffer>, limit_bytes: number): AsyncGenerator<Line> {
  let line = 1;
  let pieces: Buffer[] = [];
  let held_bytes = 0;
  const hold = (piece: Buffer) => {
    pieces.push(piece);
    held_bytes += piece.length;
    if (held_bytes > limit_bytes) throw new LineTooLong(line, limit_bytes);
  };
  const take = (): Line => {
    const text = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces, held_bytes);
    pieces = [];
    held_bytes = 0;
    return { line: line++, text };
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      hold(chunk.subarray(from, end));
      yield take();
      from = end + 1;
    }
    if (from < chunk.length) hold(chunk.subarray(from));
  }
  if (held_bytes > 0) yield take();
}

async function* decompressed(file: string, position: Position): AsyncGenerator<Buffer> {
  const magic = await firstBytes(file);
  if (magic.equals(ZSTD_MAGIC)) {
    yield* zstdFrames(file, position);
    return;
  }
  const stored = createReadStream(file, { highWaterMark: CHUNK_BYTES });
  position.bytes = () => stored.bytesRead;
  const is_gzip = magic.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC);
  yield* is_gzip ? through(stored, createGunzip({ chunkSize: CHUNK_BYTES })) : stored;
}

/** Node's zstd stream ends silently after the first frame; a file may hold several (as gzip's members, which Node does read on). */
async function* zstdFrames(file: string, position: Position): AsyncGenerator<Buffer> {
  const { size } = await stat(file);
  for (let from = 0; from < size; from = position.bytes()) {
    const start = from;
    const frame = createZstdDecompress({ chunkSize: CHUNK_BYTES });
    position.bytes = () => start + frame.bytesWritten;
    yield* through(createReadStream(file, { start, highWaterMark: CHUNK_BYTES }), frame);
  }
}

async function* through(from: Readable, into: Transform): AsyncGenerator<Buffer> {
  from.on('error', (error) => into.destroy(error)); // a pipe doesn't pass errors on
  try {
    yield* from.pipe(into);
  } finally {
    from.destroy();
    into.destroy();
  }
}

async function firstBytes(file: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of createReadStream(file, { end: ZSTD_MAGIC.length - 1 })) pieces.push(piece);
  return Buffer.concat(pieces);
}
