import { gunzipSync, gzipSync } from 'node:zlib';
import { FatalError } from '../../lib/errors.ts';
import { parseReload, RELOADS_PREFIX } from '../../lib/gold/reload.ts';
import { keyOf } from '../../lib/stream/columns.ts';
import { DoneMarkers } from '../done.ts';
import type { ReplacingStore } from '../objects.ts';
import { withoutSystems } from './chunk.ts';

export interface DocumentCounts {
  readonly rejects: number;
  readonly error_lines: number;
  readonly given_up_records: number;
  readonly reloads: number;
}

/** What a text is without the system; null: it has nothing of it. */
type Lighten = (text: string) => { readonly text: string; readonly gone: readonly number[] } | null;

const GZIP_MAGIC = 0x1f8b;
const SYSTEM_KEY = keyOf('system_id');

/**
 * Takes a system out of the objects that hold text: rejects in quarantine, what Firehose could not deliver, batches that were given up, and reloads.
 * Each is replaced as it was read; lines keep their numbers where a command remembers them.
 */
export async function eraseFromDocuments(
  objects: ReplacingStore,
  system_id: string,
  dry_run: boolean,
): Promise<DocumentCounts> {
  const ids: ReadonlySet<string> = new Set([system_id]);
  const rewritten = (
    prefix: string,
    lighten: Lighten,
    after?: (key: string, gone: readonly number[]) => Promise<void>,
  ) => rewrite(objects, prefix, lighten, dry_run, after);
  const rejects = await rewritten('quarantine/', (text) => withoutLines(text, (line) => isReject(line, system_id)));
  const undelivered = await rewritten('errors/quarantine/', (text) =>
    lighterLines(text, (line) => (isReject(rawOf(line).toString('utf8'), system_id) ? '' : null)),
  );
  const markers = await DoneMarkers.list(objects, 'redeliver');
  const lines = await rewritten('errors/bronze/', (text) => lighterLines(text, (line) => lighterError(line, ids)), (key, gone) => unmark(markers, key, gone)); // biome-ignore format: one line
  const given_up_records = await rewritten('aws/lambda/', (text) => lighterBatch(text, ids));
  return {
    rejects,
    error_lines: undelivered + lines,
    given_up_records,
    reloads: await dropReloads(objects, system_id, dry_run),
  };
}

/** Rewrites the objects below a prefix that hold something; answers with how many lines or records went or became lighter. */
async function rewrite(
  objects: ReplacingStore,
  prefix: string,
  lighten: Lighten,
  dry_run: boolean,
  after: ((key: string, gone: readonly number[]) => Promise<void>) | undefined,
): Promise<number> {
  let sum = 0;
  for (const key of await objects.keys(prefix)) {
    const read = await objects.read(key);
    if (read === null) continue;
    const isZipped = read.bytes.length > 1 && read.bytes.readUInt16BE(0) === GZIP_MAGIC;
    const lighter = lighten((isZipped ? gunzipSync(read.bytes) : read.bytes).toString('utf8'));
    if (lighter === null) continue;
    sum += lighter.gone.length;
    if (dry_run) continue;
    const bytes = isZipped ? gzipSync(lighter.text) : Buffer.from(lighter.text);
    if (!(await objects.replace(key, read.etag, bytes)))
      throw new FatalError(
        'local',
        'written_meanwhile',
        `${key} was written by someone else meanwhile: run erase again`,
      );
    await after?.(key, lighter.gone);
  }
  return sum;
}

function withoutLines(text: string, isOf: (line: string) => boolean) {
  const lines = text.split('\n');
  const gone = lines.flatMap((line, n) => (line !== '' && isOf(line) ? [n + 1] : []));
  if (gone.length === 0) return null;
  const numbers = new Set(gone);
  return { text: lines.filter((_, n) => !numbers.has(n + 1)).join('\n'), gone };
}

/** Lines keep their numbers: what is left of one takes its place, also where that is nothing. */
function lighterLines(text: string, lighter: (line: string) => string | null) {
  const gone: number[] = [];
  const lines = text.split('\n').map((line, n) => {
    const now = line === '' ? null : lighter(line);
    if (now !== null) gone.push(n + 1);
    return now ?? line;
  });
  return gone.length === 0 ? null : { text: lines.join('\n'), gone };
}

/** The JSON object in a text; none where it holds no such thing. */
function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const isReject = (line: string, system_id: string): boolean => parsed(line).system_id === system_id;
function rawOf(line: string): Buffer {
  const { rawData } = parsed(line);
  return Buffer.from(typeof rawData === 'string' ? rawData : '', 'base64');
}

/** A line under `errors/bronze/`: a record of the stream, or a row of Bronze as the function answers it. */
function lighterError(line: string, ids: ReadonlySet<string>): string | null {
  const raw = rawOf(line);
  if (ids.has(String(parsed(raw.toString('utf8'))[SYSTEM_KEY]))) return '';
  const lighter = withoutSystems(raw, ids);
  if (lighter === null) return null;
  return lighter.is_empty
    ? ''
    : JSON.stringify({ ...parsed(line), rawData: Buffer.from(lighter.bytes).toString('base64') });
}

interface Payload {
  readonly Records?: readonly { readonly kinesis: { readonly data: string; readonly partitionKey: string } }[];
}

/** A document of a batch that was given up, with its records in it. */
function lighterBatch(text: string, ids: ReadonlySet<string>) {
  const document = parsed(text);
  const isText = typeof document.payload === 'string';
  const payload = (isText ? parsed(String(document.payload)) : document.payload) as Payload | null | undefined;
  const gone: number[] = [];
  const Records = payload?.Records?.map((record, n) => {
    const lighter = withoutSystems(Buffer.from(record.kinesis.data, 'base64'), ids);
    if (lighter === null) return record;
    gone.push(n + 1);
    // The key of receipts names their group, which may be called as its one system.
    const partitionKey =
      lighter.is_empty && !record.kinesis.partitionKey.startsWith('lane-') ? 'receipts' : record.kinesis.partitionKey;
    return {
      ...record,
      kinesis: { ...record.kinesis, partitionKey, data: Buffer.from(lighter.bytes).toString('base64') },
    };
  });
  if (gone.length === 0) return null;
  const now = { ...payload, Records };
  return { text: JSON.stringify({ ...document, payload: isText ? JSON.stringify(now) : now }), gone };
}

/** Why a line of an error object could not be brought back may quote it: a line that went stays for no reason. */
async function unmark(markers: DoneMarkers, key: string, gone: readonly number[]): Promise<void> {
  const done = await markers.read(key);
  if (done === null) return;
  const numbers = new Set(gone.map(String));
  const stays = Object.fromEntries(Object.entries(done.stays).filter(([number]) => !numbers.has(number)));
  await markers.write({ ...done, stays });
}

async function dropReloads(objects: ReplacingStore, system_id: string, dry_run: boolean): Promise<number> {
  let dropped = 0;
  for (const key of (await objects.keys(RELOADS_PREFIX)).filter((name) => name.endsWith('.json'))) {
    const text = (await objects.get(key))?.toString('utf8');
    if (text === undefined || parseReload(text, key).system_id !== system_id) continue;
    dropped += 1;
    if (!dry_run) await objects.remove(key);
  }
  return dropped;
}
