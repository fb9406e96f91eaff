import {
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { LogStore } from './log.ts';

/** The log in an S3 bucket: a conditional put creates a name once; lists are strongly consistent. */
export class S3Log implements LogStore {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async put(key: string, bytes: Uint8Array): Promise<'created' | 'exists' | 'unknown'> {
    try {
      await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: bytes, IfNoneMatch: '*' }));
      return 'created';
    } catch (error) {
      const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
      if (status === 412) return 'exists';
      // No answer, a server's error, or a conflict of two puts under way (409): it may or may not have taken effect.
      if (status === undefined || status >= 500 || status === 409) return 'unknown';
      throw error;
    }
  }

  async get(key: string): Promise<Uint8Array> {
    const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
    if (Body === undefined) throw new Error(`s3://${this.#bucket}/${key} has no body`);
    return Body.transformToByteArray();
  }

  async folders(prefix: string): Promise<string[]> {
    const pages = await this.#pages(prefix, '/');
    return pages.flatMap((page) => (page.CommonPrefixes ?? []).map((p) => p.Prefix ?? ''));
  }

  async keys(prefix: string): Promise<string[]> {
    const pages = await this.#pages(prefix);
    return pages.flatMap((page) => (page.Contents ?? []).map((object) => object.Key ?? ''));
  }

  async #pages(Prefix: string, Delimiter?: string): Promise<ListObjectsV2CommandOutput[]> {
    const pages: ListObjectsV2CommandOutput[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page: ListObjectsV2CommandOutput = await this.#client.send(
        new ListObjectsV2Command({ Bucket: this.#bucket, Prefix, Delimiter, ContinuationToken }),
      );
      pages.push(page);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    return pages;
  }
}
