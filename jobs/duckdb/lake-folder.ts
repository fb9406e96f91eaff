import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Table } from '../tables.ts';
import type { Database } from './connection.ts';
import { literal, typed } from './relation.ts';

/** A file of the lake by its path in it, and what is in it. */
export type Written = Readonly<Record<string, string>>;

/**
 * The lake bucket as a folder: an object is a file at its key's path (`<state>/s3/<bucket>/<key>`). What settle needs for itself
 * (manifest, spilled data, files being written) lies beside the buckets, in `<state>/settle`.
 */
export class LakeFolder {
  readonly root: string;
  readonly settle_dir: string;
  readonly #making: string;

  constructor(root: string) {
    this.root = root;
    this.settle_dir = join(dirname(dirname(root)), 'settle');
    this.#making = join(this.settle_dir, 'making');
  }

  /** What settle remembers between runs (manifest.ts). */
  get manifest_file(): string {
    return join(this.settle_dir, 'manifest.json');
  }

  path(key: string): string {
    return join(this.root, key);
  }

  /** Keys of the objects below a prefix, sorted; none where it isn't there. */
  keys(prefix: string): string[] {
    const folder = this.path(prefix);
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.root, join(entry.parentPath, entry.name)))
      .sort();
  }

  parquetKeys(prefix: string): string[] {
    return this.keys(prefix).filter((key) => key.endsWith('.parquet'));
  }

  /** Names of the folders directly below a prefix, sorted. */
  folders(prefix: string): string[] {
    const folder = this.path(prefix);
    if (!existsSync(folder)) return [];
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  }

  /** Forgets files that a killed run was writing. */
  clear(): void {
    rmSync(this.#making, { recursive: true, force: true });
    mkdirSync(this.#making, { recursive: true });
  }

  /**
   * Replaces a partition of a table by the rows of a query. Delivery guarantee: atomic, a reader sees the old file or the new one;
   * a file with the same bytes isn't touched; a partition without rows has no file.
   */
  async replace(db: Database, table: Table, date: string | null, query: string): Promise<Written> {
    const key = partitionKey(table, date);
    const made = join(this.#making, key.replaceAll('/', '~'));
    const copied = await db.rows<{ Count: number }>(
      `COPY (${typed(table.columns, query)}) TO ${literal(made)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    const target = this.path(key);
    if (copied[0]?.Count === 0) {
      rmSync(made, { force: true });
      rmSync(dirname(target), { recursive: true, force: true });
      return {};
    }
    const sum = sumOf(made);
    if (existsSync(target) && sumOf(target) === sum) rmSync(made);
    else {
      mkdirSync(dirname(target), { recursive: true });
      renameSync(made, target);
    }
    return { [key]: sum };
  }
}

/** Where a partition of a table lies; `value` is its date or its file's id, and null for a table that is one file. */
export function partitionKey({ name, partition }: Table, value: string | null): string {
  const folder = name.replace('.', '/');
  if (value === null) return `${folder}/part.parquet`;
  return `${folder}/${partition === 'file' ? 'file_id' : 'event_date'}=${value}/part.parquet`;
}

/** What a file that settle made holds, in short. */
export const sumOf = (file: string): string =>
  createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 32);
