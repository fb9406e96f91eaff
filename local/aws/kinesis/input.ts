/** Input of the Kinesis API, checked with the codes and the wording of the service. */
import { AwsError } from '../error.ts';
import type { Input } from '../json.ts';
import { ACCOUNT_ID } from '../names.ts';
import { HASH_KEYS } from './hash.ts';
import type { KinesisStore, Position, StreamEntry } from './store.ts';

/** PutRecords: at most 500 records, and 10 MiB with their partition keys (API reference). */
export const PUT_RECORDS = 500;
export const PUT_BYTES = 10 * 1024 * 1024;
const KEY_LENGTH = 256;
const NAME = /^[a-zA-Z0-9_.-]{1,128}$/;

export const invalid = (value: string, place: string, constraint: string): AwsError =>
  new AwsError(
    'ValidationException',
    `1 validation error detected: Value ${value} at '${place}' failed to satisfy constraint: ${constraint}`,
  );

export function parseText(value: unknown, place: string): string {
  if (value === undefined || value === null) throw invalid('null', place, 'Member must not be null');
  if (typeof value !== 'string')
    throw new AwsError('SerializationException', `${place} is a ${typeof value}, and not a string`);
  return value;
}

export function parseStreamName(input: Input): string {
  const from_arn = typeof input.StreamARN === 'string' ? input.StreamARN.split(':stream/')[1] : undefined;
  const name = input.StreamName ?? from_arn;
  if (name === undefined)
    throw new AwsError('InvalidArgumentException', 'Missing StreamName or StreamARN: one of them must be given.');
  const text = parseText(name, 'streamName');
  if (!NAME.test(text))
    throw invalid(`'${text}'`, 'streamName', 'Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+');
  return text;
}

/** The name, where there is a stream of it. */
export function existing(store: Pick<KinesisStore, 'has'>, name: string): string {
  if (store.has(name)) return name;
  throw new AwsError('ResourceNotFoundException', `Stream ${name} under account ${ACCOUNT_ID} not found.`);
}

/** `most`: the largest that is allowed; `absent`: what holds where nothing is given. */
export function parseLimit(value: unknown, most: number, place: string, absent: number = most): number {
  if (value === undefined || value === null) return absent;
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new AwsError('SerializationException', `${place} is not a whole number`);
  if (value < 1) throw invalid(`'${value}'`, place, 'Member must have value greater than or equal to 1');
  if (value > most) throw invalid(`'${value}'`, place, `Member must have value less than or equal to ${most}`);
  return value;
}

/** The entries of a put. One that breaks a rule refuses the whole request, as in Kinesis. */
export function parsePut(records: unknown, max_record_kib: number): StreamEntry[] {
  if (!Array.isArray(records)) throw invalid('null', 'records', 'Member must not be null');
  if (records.length === 0) throw invalid("'[]'", 'records', 'Member must have length greater than or equal to 1');
  if (records.length > PUT_RECORDS)
    throw invalid(
      `'[${records.length} records]'`,
      'records',
      `Member must have length less than or equal to ${PUT_RECORDS}`,
    );
  const entries = records.map((record, i) => parseEntry(record, `records.${i + 1}.member.`, max_record_kib * 1024));
  const bytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
  if (bytes > PUT_BYTES)
    throw new AwsError('InvalidArgumentException', `Records size exceeds ${PUT_BYTES} bytes: ${bytes}.`);
  return entries;
}

const sizeOf = (entry: StreamEntry): number => entry.data.length + Buffer.byteLength(entry.partition_key);

function parseEntry(record: Input | null, place: string, limit_bytes: number): StreamEntry {
  if (typeof record !== 'object' || record === null)
    throw new AwsError('SerializationException', `${place.slice(0, -1)} is not an object`);
  const partition_key = parseText(record.PartitionKey, `${place}partitionKey`);
  if (partition_key.length === 0)
    throw invalid("''", `${place}partitionKey`, 'Member must have length greater than or equal to 1');
  if (partition_key.length > KEY_LENGTH)
    throw invalid(
      `'${partition_key}'`,
      `${place}partitionKey`,
      `Member must have length less than or equal to ${KEY_LENGTH}`,
    );
  const entry = { partition_key, data: Buffer.from(parseText(record.Data, `${place}data`), 'base64') };
  if (sizeOf(entry) > limit_bytes)
    throw invalid(
      `'${sizeOf(entry)} bytes'`,
      `${place}data`,
      `Member must have length less than or equal to ${limit_bytes}`,
    );
  if (record.ExplicitHashKey === undefined || record.ExplicitHashKey === null) return entry;
  const explicit_hash_key = parseHashKey(record.ExplicitHashKey, `${place}explicitHashKey`);
  if (BigInt(explicit_hash_key) >= HASH_KEYS)
    throw new AwsError(
      'InvalidArgumentException',
      `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${explicit_hash_key}`,
    );
  return { ...entry, explicit_hash_key };
}

/** A hash key in decimal; it may lie beyond the range of hash keys. */
export function parseHashKey(value: unknown, place: string): string {
  const text = parseText(value, place);
  if (/^(0|[1-9]\d{0,38})$/.test(text)) return text;
  throw invalid(`'${text}'`, place, 'Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})');
}

export interface Iterator {
  readonly stream: string;
  readonly shard_id: string;
  readonly position: Position;
  /** Virtual time; an iterator is good for 5 minutes. */
  readonly issued_ms: number;
}

export const toIterator = (iterator: Iterator): string => Buffer.from(JSON.stringify(iterator)).toString('base64');

export function parseIterator(value: unknown): Iterator {
  const text = parseText(value, 'shardIterator');
  try {
    const iterator = JSON.parse(Buffer.from(text, 'base64').toString()) as Iterator;
    if (typeof iterator.stream === 'string' && typeof iterator.issued_ms === 'number') return iterator;
  } catch {
    // refused below
  }
  throw new AwsError('InvalidArgumentException', 'Invalid ShardIterator.');
}
