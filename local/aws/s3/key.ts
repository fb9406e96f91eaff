/** Bucket names and keys, as far as they can be folders and files. */
import { AwsError } from '../error.ts';

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const KEY_BYTES = 1024;
/** What a file name may have on the usual file systems. */
const SEGMENT_BYTES = 255;

/** Bucket naming rules: 3 to 63 lower-case letters, digits, dots and hyphens. */
export function parseBucket(name: string): string {
  if (BUCKET.test(name) && !name.includes('..')) return name;
  throw new AwsError('InvalidBucketName', `The specified bucket is not valid: ${name}`);
}

/** A key whose path lies in its bucket's folder. S3 takes any key; this store keeps each as a file of the same path, and says which it can't. */
export function parseKey(key: string): string {
  if (key === '') throw new AwsError('InvalidArgument', 'The key is empty');
  if (Buffer.byteLength(key) > KEY_BYTES) throw new AwsError('KeyTooLongError', 'Your key is too long');
  const segments = key.split('/');
  if (segments.some((s) => s === '' || s === '.' || s === '..'))
    throw refused(key, "has an empty segment, '.' or '..' (also a '/' at its start or end)");
  if (segments.some((s) => Buffer.byteLength(s) > SEGMENT_BYTES))
    throw refused(key, `has a segment of more than ${SEGMENT_BYTES} bytes`);
  if (key.includes('\0')) throw refused(key, 'has a NUL character');
  return key;
}

export const refused = (key: string, why: string): AwsError =>
  new AwsError(
    'InvalidArgument',
    `The key ${JSON.stringify(key)} ${why}: the embedded S3 keeps objects as files, and can't`,
  );

const SURROGATES = 0xd800;
/** Surrogates stand for characters beyond U+FFFF, so after the code units that follow them. */
const rank = (unit: number): number => (unit < SURROGATES ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);

/** S3 lists in the order of the UTF-8 bytes, which is that of the characters, and not JavaScript's order of UTF-16 units. */
export function byUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
