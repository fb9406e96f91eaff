import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  NoSuchKey,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  type Tag,
} from '@aws-sdk/client-s3';
import type { AsyncBuffer } from 'hyparquet';

/** The lake's objects, as the commands that bring data back need them. */
export interface ObjectStore {
  /** Keys below a prefix, in the order of their names; what was put before the call is in it. */
  keys(prefix: string): Promise<string[]>;
  /** null where there is no such object. */
  get(key: string): Promise<Buffer | null>;
  /** Puts or replaces. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** No error where there is no such object. */
  remove(key: string): Promise<void>;
}

/** Objects of which a part can be read. */
export interface RangedStore extends ObjectStore {
  /** The object, to be read in pieces. Throws where there is no such object. */
  open(key: string): Promise<AsyncBuffer>;
}

/** Objects that can be tagged. */
export interface TaggedStore extends ObjectStore {
  /** Sets the object's tags: this one alone. No error where there is no such object: it expired meanwhile. */
  tag(key: string, tag: Tag): Promise<void>;
}

/** Objects that are replaced as they were read. */
export interface ReplacingStore extends TaggedStore {
  /** null where there is no such object. */
  read(key: string): Promise<{ readonly bytes: Buffer; readonly etag: string } | null>;
  /** Puts the bytes in the place of the object that was read. False: another one is there by now, or none. */
  replace(key: string, etag: string, bytes: Uint8Array): Promise<boolean>;
}

/** The objects of an S3 bucket. */
export class S3Objects implements RangedStore, ReplacingStore {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async keys(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page: ListObjectsV2CommandOutput = await this.#client.send(
        new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, ContinuationToken }),
      );
      for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    return keys;
  }

  async get(key: string): Promise<Buffer | null> {
    return (await this.read(key))?.bytes ?? null;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: bytes }));
  }

  async read(key: string): Promise<{ bytes: Buffer; etag: string } | null> {
    try {
      const { Body, ETag = '' } = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
      return {
        etag: ETag,
        bytes: Body === undefined ? Buffer.alloc(0) : Buffer.from(await Body.transformToByteArray()),
      };
    } catch (error) {
      if (error instanceof NoSuchKey) return null;
      throw error;
    }
  }

  async replace(key: string, etag: string, bytes: Uint8Array): Promise<boolean> {
    try {
      await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: bytes, IfMatch: etag }));
      return true;
    } catch (error) {
      const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
      if (status === 412 || status === 404) return false;
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }));
  }

  async tag(key: string, tag: Tag): Promise<void> {
    try {
      await this.#client.send(
        new PutObjectTaggingCommand({ Bucket: this.#bucket, Key: key, Tagging: { TagSet: [tag] } }),
      );
    } catch (error) {
      // Modelled for no operation on tags: the name is what there is.
      if ((error as Error).name !== 'NoSuchKey') throw error;
    }
  }

  async open(key: string): Promise<AsyncBuffer> {
    const name = { Bucket: this.#bucket, Key: key };
    const { ContentLength = 0 } = await this.#client.send(new HeadObjectCommand(name));
    return {
      byteLength: ContentLength,
      slice: async (start, end = ContentLength) => {
        const Range = `bytes=${start}-${end - 1}`;
        const { Body } = await this.#client.send(new GetObjectCommand({ ...name, Range }));
        if (Body === undefined) throw new Error(`s3://${this.#bucket}/${key} has no body`);
        const bytes = await Body.transformToByteArray();
        return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
      },
    };
  }
}
