/**
 * The buckets of the embedded S3: each object is a plain file at `<dir>/s3/<bucket>/<key>`, so that DuckDB reads the lake where it lies.
 * A file appears whole or not at all: it is written elsewhere on the same file system, and linked or renamed to its place.
 */
import { hash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { AwsError } from '../error.ts';
import { checkDisk } from '../faults/disk.ts';
import { type Faults, NO_FAULTS } from '../faults.ts';
import { Etags } from './etags.ts';
import { parseBucket, parseKey, refused } from './key.ts';
import { type Metadata, MetadataFolder } from './metadata.ts';
import { type Walk, walkKeys } from './walk.ts';

export interface PutOptions {
  /** Put only where there is no object of this key; else `created` is false, and nothing changes. */
  readonly if_none_match?: boolean;
  /** Put only over an object that has this ETag. */
  readonly if_match?: string;
  readonly metadata?: Metadata;
}

export interface ObjectFacts {
  readonly size_bytes: number;
  /** Virtual time of the put. */
  readonly modified_ms: number;
  /** MD5 of the bytes, in hex, without quotes. */
  readonly etag: string;
}

export interface Listed {
  readonly key: string;
  readonly size_bytes: number;
  readonly modified_ms: number;
}

export class S3Store {
  readonly #root: string;
  readonly #temporary: string;
  readonly #clock: Clock;
  readonly #faults: Faults;
  readonly #metadata: MetadataFolder;
  readonly #etags = new Etags();
  #temporary_count = 0;

  private constructor(dir: string, clock: Clock, faults: Faults) {
    this.#root = join(dir, 's3');
    this.#temporary = join(dir, 's3-tmp');
    this.#clock = clock;
    this.#faults = faults;
    this.#metadata = new MetadataFolder(join(dir, 's3-meta'));
  }

  /** `dir`: the state folder. What a killed run had not finished writing is removed, so one store at a time may have the folder open. */
  static async open(dir: string, clock: Clock, faults: Faults = NO_FAULTS): Promise<S3Store> {
    const store = new S3Store(dir, clock, faults);
    rmSync(store.#temporary, { recursive: true, force: true });
    mkdirSync(store.#temporary, { recursive: true });
    mkdirSync(store.#root, { recursive: true });
    return store;
  }

  /** Idempotent. */
  async createBucket(name: string): Promise<void> {
    mkdirSync(join(this.#root, parseBucket(name)), { recursive: true });
  }

  buckets(): { name: string; created_ms: number }[] {
    return readdirSync(this.#root)
      .sort()
      .map((name) => ({ name, created_ms: statSync(join(this.#root, name)).birthtimeMs }));
  }

  hasBucket(name: string): boolean {
    return existsSync(join(this.#root, parseBucket(name)));
  }

  /** Where the object's file is, or would be. */
  pathOf(bucket: string, key: string): string {
    return join(this.#folderOf(bucket), parseKey(key));
  }

  /** The bucket's folder, for readers of many objects at once. */
  folderOf(bucket: string): string {
    return this.#folderOf(bucket);
  }

  /** A path for a file that `putFile` will move in. What is left there is removed when the store is opened again. */
  temporaryPath(): string {
    return join(this.#temporary, `${process.pid}-${this.#temporary_count++}`);
  }

  /**
   * Delivery: of any number of writers with `if_none_match` one gets `created: true`; a killed one leaves the whole object or none.
   * The steps run in one turn of the event loop, so that object and metadata change together.
   */
  async put(
    bucket: string,
    key: string,
    body: Uint8Array,
    options: PutOptions = {},
  ): Promise<{ created: boolean; etag: string }> {
    const path = this.pathOf(bucket, key);
    if (options.if_match !== undefined) this.#checkMatch(bucket, key, options.if_match);
    const etag = hash('md5', body);
    const existing = options.if_none_match ? this.#stat(path) : undefined;
    if (existing) return { created: false, etag: this.#etags.of(path, existing) };
    const temporary = this.temporaryPath();
    try {
      checkDisk(this.#faults, 's3', path);
      writeFileSync(temporary, body);
    } catch (error) {
      rmSync(temporary, { force: true }); // of a full disk, give back what was taken
      throw error;
    }
    if (!this.#place(temporary, bucket, key, options)) return { created: false, etag: '' };
    this.#etags.remember(path, statSync(path), etag);
    return { created: true, etag };
  }

  /** Moves a finished file in, in place of an object of this key. It must lie on the state folder's file system: see `temporaryPath`. */
  async putFile(bucket: string, key: string, temporary_path: string, metadata: Metadata = {}): Promise<void> {
    checkDisk(this.#faults, 's3', this.pathOf(bucket, key));
    this.#place(temporary_path, bucket, key, { metadata });
  }

  async get(bucket: string, key: string): Promise<Buffer | undefined> {
    const path = this.pathOf(bucket, key);
    return this.#stat(path) ? readFileSync(path) : undefined;
  }

  /** The bytes `start` … `end`, both inclusive. */
  stream(bucket: string, key: string, start: number, end: number): NodeJS.ReadableStream {
    return createReadStream(this.pathOf(bucket, key), { start, end });
  }

  facts(bucket: string, key: string): ObjectFacts | undefined {
    const path = this.pathOf(bucket, key);
    const stats = this.#stat(path);
    return stats && this.#facts(path, stats);
  }

  async head(bucket: string, key: string): Promise<(ObjectFacts & { readonly metadata: Metadata }) | undefined> {
    const facts = this.facts(bucket, key);
    return facts && { ...facts, metadata: this.#metadata.read(bucket, key) };
  }

  /** In the order of S3: UTF-8 bytes. */
  async list(bucket: string, prefix = ''): Promise<Listed[]> {
    const listed: Listed[] = [];
    for (const key of this.walk(bucket, { prefix })) {
      const stats = this.#stat(this.pathOf(bucket, key));
      if (stats) listed.push({ key, size_bytes: stats.size, modified_ms: Math.round(stats.mtimeMs) });
    }
    return listed;
  }

  walk(bucket: string, walk: Walk): Generator<string> {
    return walkKeys(this.#folderOf(bucket), walk);
  }

  /** Also where there is no such object. */
  async delete(bucket: string, key: string): Promise<void> {
    const path = this.pathOf(bucket, key);
    if (!this.#stat(path)) return;
    unlinkSync(path);
    this.#metadata.write(bucket, key, {});
    this.#removeEmpty(dirname(path), this.#folderOf(bucket));
  }

  /** False where there is no such object. */
  async tag(bucket: string, key: string, tags: Readonly<Record<string, string>>): Promise<boolean> {
    if (!this.#stat(this.pathOf(bucket, key))) return false;
    const { tags: _, ...rest } = this.#metadata.read(bucket, key);
    this.#metadata.write(bucket, key, Object.keys(tags).length === 0 ? rest : { ...rest, tags });
    return true;
  }

  /** False where an object is there that must not be. */
  #place(temporary: string, bucket: string, key: string, options: PutOptions): boolean {
    const path = this.pathOf(bucket, key);
    const modified = this.#clock.now() / 1000;
    utimesSync(temporary, modified, modified);
    try {
      mkdirSync(dirname(path), { recursive: true });
      if (options.if_none_match) {
        linkSync(temporary, path); // fails where the name exists: the file system decides who was first
        unlinkSync(temporary);
      } else renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      return this.#refuse(error as NodeJS.ErrnoException, bucket, key, path);
    }
    this.#metadata.write(bucket, key, options.metadata ?? {});
    return true;
  }

  #refuse(error: NodeJS.ErrnoException, bucket: string, key: string, path: string): false {
    const is_folder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
    if (error.code === 'EEXIST' && this.#stat(path)) return false;
    if (is_folder) throw refused(key, 'is the folder of other keys');
    if (error.code === 'ENOTDIR' || error.code === 'EEXIST') throw refused(key, `lies below another key of ${bucket}`);
    throw error;
  }

  #checkMatch(bucket: string, key: string, etag: string): void {
    const path = this.pathOf(bucket, key);
    const stats = this.#stat(path);
    if (!stats) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
    if (etag !== '*' && this.#etags.of(path, stats) !== etag) throw preconditionFailed();
  }

  #facts(path: string, stats: Stats): ObjectFacts {
    return { size_bytes: stats.size, modified_ms: Math.round(stats.mtimeMs), etag: this.#etags.of(path, stats) };
  }

  #stat(path: string): Stats | undefined {
    try {
      const stats = statSync(path, { throwIfNoEntry: false });
      return stats?.isFile() ? stats : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
      throw error;
    }
  }

  #folderOf(bucket: string): string {
    const folder = join(this.#root, parseBucket(bucket));
    if (existsSync(folder)) return folder;
    throw new AwsError('NoSuchBucket', `The specified bucket does not exist: ${bucket}`, 404);
  }

  #removeEmpty(folder: string, root: string): void {
    for (let f = folder; f !== root; f = dirname(f)) {
      try {
        rmdirSync(f);
      } catch {
        return; // it holds another object
      }
    }
  }
}

export const preconditionFailed = (): AwsError =>
  new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);
