import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { FetchFailure } from './failure.ts';

/** What a body may have, as it comes and as decoded. */
export interface BodyLimits {
  readonly wire_bytes: number;
  readonly decoded_bytes: number;
}

export const MB = 1024 * 1024;
/** The largest public feeds have a few MB. What all bodies of a poll may have together is in held.ts. */
export const BODY_LIMITS: BodyLimits = { wire_bytes: 8 * MB, decoded_bytes: 16 * MB };
export const ACCEPT_ENCODING = 'gzip, deflate, br';

const decoders = {
  gzip: promisify(gunzip),
  br: promisify(brotliDecompress),
  zlib: promisify(inflate),
  raw: promisify(inflateRaw),
} as const;

/** The bytes of a response as they come. Throws FetchFailure `body_too_large` before more than the limit is held. */
export async function readBody(response: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > limits.wire_bytes) throw tooLarge(limits.wire_bytes, 'on the wire');
    pieces.push(piece);
  }
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
}

/** The decoded body. Throws FetchFailure `body_too_large`, `unknown_encoding`, or `bad_encoding` for what can't be decoded. */
export async function decodeBody(body: Buffer, encoding: string | undefined, limits: BodyLimits): Promise<Buffer> {
  const name = (encoding ?? 'identity').trim().toLowerCase();
  if (name === 'identity' || name === '' || body.length === 0) return body;
  const decode = decoderOf(name, body);
  if (!decode) throw new FetchFailure('unknown_encoding', `the body has the content encoding ${JSON.stringify(name)}`);
  try {
    return await decode(body, { maxOutputLength: limits.decoded_bytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(limits.decoded_bytes, 'decoded');
    throw new FetchFailure('bad_encoding', `the body of ${body.length} bytes is not ${name}, or cut off`, {
      again: true,
    });
  }
}

/** `deflate` should be zlib, and is raw deflate with some servers: zlib's first byte tells. */
function decoderOf(name: string, body: Buffer) {
  if (name === 'gzip' || name === 'x-gzip') return decoders.gzip;
  if (name === 'br') return decoders.br;
  if (name === 'deflate') return ((body[0] ?? 0) & 0x0f) === 8 ? decoders.zlib : decoders.raw;
  return undefined;
}

const tooLarge = (limit_bytes: number, how: string): FetchFailure =>
  new FetchFailure('body_too_large', `the body has more than ${limit_bytes} bytes ${how}`);
