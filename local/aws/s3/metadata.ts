/** What an object has beside its bytes, in a folder of its own, so that the lake's folders hold nothing but objects. */
import { hash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Metadata {
  readonly content_type?: string;
  readonly content_encoding?: string;
  readonly content_disposition?: string;
  readonly content_language?: string;
  readonly cache_control?: string;
  /** `x-amz-meta-…`, without that prefix. */
  readonly user?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
}

export class MetadataFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  read(bucket: string, key: string): Metadata {
    try {
      return JSON.parse(readFileSync(this.#pathOf(bucket, key), 'utf8')) as Metadata;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw error;
    }
  }

  /** Only what is not the default takes a file. */
  write(bucket: string, key: string, metadata: Metadata): void {
    const path = this.#pathOf(bucket, key);
    if (Object.keys(metadata).length === 0) {
      rmSync(path, { force: true });
      return;
    }
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, JSON.stringify({ key, ...metadata }));
    renameSync(`${path}.new`, path);
  }

  /** By hash: a key can be longer than a file name. */
  #pathOf(bucket: string, key: string): string {
    return join(this.#folder, bucket, `${hash('sha256', key)}.json`);
  }
}
