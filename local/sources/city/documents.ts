import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Answer, jsonAnswer, textAnswer } from '../answer.ts';
import { TTL_S } from './gbfs.ts';

/** What a client says about the answer it wants. */
export interface Wishes {
  readonly if_none_match: string | undefined;
  readonly accept_encoding: string | undefined;
}

/** A JSON document as it is served: with a validator, and compressed for who takes that. */
export class ServedDocument {
  readonly #body: Buffer;
  readonly #etag: string;
  #gzipped: Buffer | null = null;

  constructor(document: object) {
    this.#body = Buffer.from(JSON.stringify(document));
    // Weak: the compressed answer has the same one.
    this.#etag = `W/"${createHash('sha256').update(this.#body).digest('hex').slice(0, 20)}"`;
  }

  answer({ if_none_match, accept_encoding }: Wishes): Answer {
    const headers = { etag: this.#etag, 'cache-control': `public, max-age=${TTL_S}`, vary: 'accept-encoding' };
    const known = (if_none_match ?? '').split(',').map((etag) => etag.trim());
    if (known.includes(this.#etag) || known.includes('*')) return { status: 304, headers, body: Buffer.alloc(0) };
    if (!/\bgzip\b/.test(accept_encoding ?? '')) return jsonAnswer(this.#body, headers);
    this.#gzipped ??= gzipSync(this.#body, { level: 1 });
    return jsonAnswer(this.#gzipped, { ...headers, 'content-encoding': 'gzip' });
  }
}

/** The server is asked too often: the client shall wait a second. */
export const tooManyRequests = (): Answer => textAnswer(429, 'too many requests', { 'retry-after': '1' });

export const notFound = (path: string): Answer => textAnswer(404, `nothing is served at ${path}`);
