/** The body of a put: the aws-chunked framing taken off, and what the client says about its bytes verified. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AwsError } from '../error.ts';

export type Headers = Readonly<Record<string, string | undefined>>;

/** Takes the framing off, and answers the object's bytes with the headers that came before and after them. */
export function parseBody(body: Buffer, headers: Headers): { bytes: Buffer; headers: Headers } {
  if (!headers['x-amz-content-sha256']?.startsWith('STREAMING-')) return { bytes: body, headers };
  const { bytes, trailers } = parseChunks(body);
  const length = headers['x-amz-decoded-content-length'];
  if (length !== undefined && Number(length) !== bytes.length)
    throw new AwsError('IncompleteBody', `The body has ${bytes.length} bytes, and not ${length}`);
  return { bytes, headers: { ...headers, ...trailers } };
}

const CRLF = '\r\n';

/** `<hex size>[;extension]CRLF bytes CRLF …  0 CRLF trailer: value CRLF … CRLF` */
function parseChunks(body: Buffer): { bytes: Buffer; trailers: Record<string, string> } {
  const pieces: Buffer[] = [];
  let position = 0;
  for (;;) {
    const line_end = body.indexOf(CRLF, position);
    const size = line_end < 0 ? Number.NaN : Number.parseInt(body.toString('latin1', position, line_end), 16);
    const start = line_end + CRLF.length;
    if (!(size >= 0) || start + size > body.length)
      throw new AwsError('IncompleteBody', `The aws-chunked body ends or breaks at byte ${position}`);
    if (size === 0) return { bytes: Buffer.concat(pieces), trailers: parseTrailers(body.toString('latin1', start)) };
    pieces.push(body.subarray(start, start + size));
    position = start + size + CRLF.length;
  }
}

function parseTrailers(text: string): Record<string, string> {
  const trailers: Record<string, string> = {};
  for (const line of text.split(CRLF)) {
    const colon = line.indexOf(':');
    if (colon > 0) trailers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return trailers;
}

const uint32 = (n: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(n);
  return bytes.toString('base64');
};

const digest = (algorithm: string) => (bytes: Buffer) => createHash(algorithm).update(bytes).digest('base64');

/** What is verified, by header. crc64nvme is not: Node has no such function, and the SDK's default is crc32. */
const CHECKSUMS: Readonly<Record<string, (bytes: Buffer) => string>> = {
  'x-amz-checksum-crc32': (bytes) => uint32(crc32(bytes)),
  'x-amz-checksum-crc32c': (bytes) => uint32(crc32c(bytes)),
  'x-amz-checksum-sha1': digest('sha1'),
  'x-amz-checksum-sha256': digest('sha256'),
};

/** Refuses bytes that aren't what the client says. Answers the checksums that it gave, which the answer repeats. */
export function checkBody(bytes: Buffer, headers: Headers): Record<string, string> {
  const md5 = headers['content-md5'];
  if (md5 !== undefined && digest('md5')(bytes) !== md5)
    throw new AwsError('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  const given: Record<string, string> = {};
  for (const [header, checksum] of Object.entries(CHECKSUMS)) {
    const value = headers[header];
    if (value === undefined) continue;
    if (checksum(bytes) !== value)
      throw new AwsError(
        'BadDigest',
        `The ${header.slice('x-amz-checksum-'.length).toUpperCase()} you specified did not match the calculated checksum.`,
      );
    given[header] = value;
  }
  return given;
}

/** CRC-32C (Castagnoli), reflected. */
const CRC32C = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  return c;
});

function crc32c(bytes: Buffer): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = (CRC32C[(c ^ byte) & 0xff] ?? 0) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}
