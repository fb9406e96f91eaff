import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Kind } from '../../lib/event.ts';
import type { LakeFolder, Written } from './lake-folder.ts';

/** What a Bronze file holds of one slot date and kind: slots and, of receipts, bases, epoch ms. */
export interface BronzeContent {
  readonly date: string;
  readonly kind: Kind;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly first_basis_ms: number | null;
}

/** A thing that settle makes: a fingerprint of what it was made from, and the files that it became. */
export interface Made {
  readonly inputs: string;
  readonly files: Written;
}

interface Content {
  readonly format: 1;
  /** Every Bronze file that is accounted for. */
  readonly bronze: Record<string, readonly BronzeContent[]>;
  /** Slot date → the systems that Bronze has of it. */
  readonly systems: Record<string, readonly string[]>;
  /** Lane → last version of the log that was looked at. */
  readonly versions: Record<string, number>;
  /** Slot date → the last object of the log that may concern its audit. */
  readonly log: Record<string, string>;
  /** Slot dates with records that the log hadn't consumed when they were last audited. */
  readonly open: Record<string, boolean>;
  readonly made: Record<string, Made>;
}

const EMPTY: Content = { format: 1, bronze: {}, systems: {}, versions: {}, log: {}, open: {}, made: {} };

/**
 * What settle remembers between runs. A cache in the manner of make: whatever isn't in it, or was made from other inputs than
 * those that are there now, is made again, with the same result. Losing it, or being killed before it is saved, costs time only.
 */
export class Manifest {
  readonly content: Content;
  readonly #file: string;

  constructor(lake: LakeFolder) {
    this.#file = lake.manifest_file;
    this.content = { ...structuredClone(EMPTY), ...readContent(this.#file) };
  }

  save(): void {
    writeFileSync(`${this.#file}.new`, JSON.stringify(this.content));
    renameSync(`${this.#file}.new`, this.#file);
  }

  /** What was made under this name; no file where nothing was. */
  files(name: string): Written {
    return this.content.made[name]?.files ?? {};
  }
}

function readContent(file: string): Partial<Content> {
  try {
    const content = JSON.parse(readFileSync(file, 'utf8')) as Content;
    return content.format === 1 ? content : {};
  } catch {
    return {}; // the first time, or a broken file: everything is made again
  }
}

export const fingerprint = (...inputs: unknown[]): string =>
  createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 32);
