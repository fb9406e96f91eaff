import type { ErrorOutput } from './error-line.ts';
import type { Compression, ConversionSettings, GlueTable } from './settings.ts';

/** What a delivery stream and its converter thread say to each other. */

export interface ConverterSetup {
  readonly table: GlueTable | null;
  readonly conversion: ConversionSettings | null;
  readonly compression: Compression;
  readonly delimiter: string;
}

/** `path`: the file to write, if none is open yet. */
export type ToConverter = { readonly id: number } & (
  | {
      readonly kind: 'answer';
      readonly answer: Uint8Array;
      readonly record_ids: readonly string[];
      readonly path: string;
    }
  | { readonly kind: 'bodies'; readonly bodies: readonly Uint8Array[]; readonly path: string }
  | { readonly kind: 'finish' }
  | { readonly kind: 'abandon' }
);

/** A record of the batch, by its place in it, that failed in whole (`raw` null: as it came) or in one of its documents. */
export interface RecordFailure {
  readonly index: number;
  readonly output: ErrorOutput;
  readonly code: string;
  readonly message: string;
  readonly raw: Uint8Array | null;
}

export interface Added {
  /** Bytes of data that came out of the transform. */
  readonly bytes: number;
  readonly failures: readonly RecordFailure[];
}

export type Finished = { readonly path: string; readonly rows: number } | null;

export type FromConverter = { readonly id: number } & (
  | { readonly added: Added }
  | { readonly finished: Finished }
  | { readonly error: string }
);
