import { closeSync, openSync, writeSync } from 'node:fs';
import { constants, gzipSync } from 'node:zlib';
import type { Compression } from './settings.ts';

/** What of a record's data can't be written, and why. */
export interface Rejected {
  readonly code: string;
  readonly message: string;
  readonly raw: Buffer;
}

/** The file of one delivery while it is written. */
export interface Sink {
  /** Takes the data of a record; answers with what of it can't be written. */
  add(data: Buffer): Rejected[];
  finish(): { readonly path: string; readonly rows: number };
  /** Gives back what it holds of the system; the file is not whole. */
  abandon(): void;
}

/** Data that is put together before it is compressed. */
const PIECE_BYTES = 1024 * 1024;

/** Puts records one after the other, as they are, with the delimiter after each; GZIP in several members, which readers take as one. */
export class PlainSink implements Sink {
  readonly #path: string;
  readonly #file: number;
  readonly #compression: Compression;
  readonly #delimiter: Buffer;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #rows = 0;

  constructor(path: string, compression: Compression, delimiter: string) {
    this.#path = path;
    this.#file = openSync(path, 'w');
    this.#compression = compression;
    this.#delimiter = Buffer.from(delimiter);
  }

  add(data: Buffer): Rejected[] {
    this.#pieces.push(data, this.#delimiter);
    this.#bytes += data.length + this.#delimiter.length;
    this.#rows += 1;
    if (this.#bytes >= PIECE_BYTES) this.#flush();
    return [];
  }

  finish(): { path: string; rows: number } {
    this.#flush();
    closeSync(this.#file);
    return { path: this.#path, rows: this.#rows };
  }

  abandon(): void {
    closeSync(this.#file);
  }

  #flush(): void {
    if (this.#bytes === 0) return;
    const piece = Buffer.concat(this.#pieces);
    writeSync(this.#file, this.#compression === 'GZIP' ? gzipSync(piece, { level: constants.Z_BEST_SPEED }) : piece);
    this.#pieces = [];
    this.#bytes = 0;
  }
}

/** What S3 objects of a format are called. */
export const endingOf = (converted: boolean, compression: Compression): string =>
  converted ? '.parquet' : compression === 'GZIP' ? '.gz' : '';
