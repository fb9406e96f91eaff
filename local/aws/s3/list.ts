/** ListObjectsV2 over a walk of a bucket. */
import { AwsError } from '../error.ts';
import { byUtf8 } from './key.ts';
import type { S3Store } from './store.ts';

const MOST_KEYS = 1000;

export interface Listing {
  readonly keys: readonly string[];
  readonly common_prefixes: readonly string[];
  /** The last name of a listing that goes on. */
  readonly last: string | undefined;
}

export interface ListOptions {
  readonly prefix: string;
  readonly delimiter: string;
  /** Names up to and with this one are passed over. */
  readonly after: string | undefined;
  readonly most: number;
}

export function parseMost(text: string | null): number {
  if (text === null) return MOST_KEYS;
  if (!/^\d{1,9}$/.test(text)) throw new AwsError('InvalidArgument', `max-keys is ${text}, and not a number from 0`);
  return Math.min(MOST_KEYS, Number(text));
}

/** Names are keys, and common prefixes: what lies between the prefix and the first delimiter after it. */
export function listObjects(store: S3Store, bucket: string, options: ListOptions): Listing {
  const { prefix, delimiter, after, most } = options;
  const keys: string[] = [];
  const common_prefixes: string[] = [];
  let last: string | undefined;
  for (const key of store.walk(bucket, { prefix, after, shallow: delimiter === '/' })) {
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const name = end < 0 ? key : key.slice(0, end + delimiter.length);
    if (name === common_prefixes.at(-1) || (after !== undefined && byUtf8(name, after) <= 0)) continue;
    if (keys.length + common_prefixes.length === most) return { keys, common_prefixes, last };
    (end < 0 ? keys : common_prefixes).push(name);
    last = name;
  }
  return { keys, common_prefixes, last: undefined };
}
