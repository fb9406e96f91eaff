import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { RejectedInput } from '../errors.ts';
import type { Kind, Receipt, StationEvent } from '../event.ts';
import { keyOf } from './columns.ts';

/**
 * A chunk is one Kinesis record: zstd over NDJSON. First line a header; then one line per event, grouped by the header's
 * entries in their order. A line is an object of one-letter keys (`columns.json`) that begins `{"i":"<station_id>","h":"<content_hash>"`,
 * so that most events are judged without being parsed, and the Bronze transform only adds the stream's metadata in front.
 */
export const CHUNK_FORMAT = 1;
/**
 * The reason of a chunk that a newer version wrote. Every format is zstd whose first line is JSON with `format`, so that an older version can tell
 * it from what is no chunk: Bronze leaves both to the error prefix, but Silver waits for the version that can read it.
 */
export const UNKNOWN_FORMAT = 'unknown_chunk_format';
/** NDJSON bytes that a chunk should not pass: its rows must fit into the answer of the Bronze transform. */
export const CHUNK_LIMIT_BYTES = 400_000;
/** What a chunk may unpack to: a bound against a hostile or broken record. */
const UNPACKED_LIMIT_BYTES = 64 * 1024 * 1024;

export interface EntryHeader {
  readonly kind: Kind;
  readonly system_id: string;
  /** Part of the system that these lines are, of `parts`. Receipts: 0 of 1. */
  readonly part: number;
  readonly parts: number;
  /** How many lines of the chunk belong to this entry. */
  readonly lines: number;
  readonly fetched_at_ms: number;
  readonly feed_updated_ms: number | null;
}

export interface ChunkHeader {
  readonly format: number;
  /** null for receipts, which have no order to keep. */
  readonly lane: string | null;
  readonly slot_ms: number;
  readonly entries: readonly EntryHeader[];
}

/** An entry that is to be sent: its header without the count, and its lines. */
export interface Entry extends Omit<EntryHeader, 'lines'> {
  readonly lines: readonly string[];
}

export interface Chunk {
  readonly header: ChunkHeader;
  /** The event lines, in order, without line ends. Line n of the chunk (from 1) is `lines[n - 1]`. */
  readonly lines: readonly string[];
}

const STATUS_KEYS = keyed([
  'num_bikes_available',
  'num_bikes_disabled',
  'num_docks_available',
  'num_docks_disabled',
  'capacity',
  'is_installed',
  'is_renting',
  'is_returning',
  'vehicle_types',
  'last_reported_ms',
  'flags',
]);
const INFORMATION_KEYS = keyed(['name', 'lat', 'lon', 'capacity', 'region_id', 'flags']);
const RECEIPT_KEYS = keyed([
  'group_id',
  'feed',
  'status',
  'http_code',
  'fetched',
  'accepted',
  'rejected',
  'repeated',
  'rejected_reasons',
  'bytes',
  'latency_ms',
  'reason',
  'basis_slot_ms',
]);

function keyed(names: readonly string[]): ReadonlyArray<readonly [string, string]> {
  return names.map((name) => [name, `,"${keyOf(name)}":`] as const);
}

function members(values: object, keys: ReadonlyArray<readonly [string, string]>): string {
  let text = '';
  for (const [name, prefix] of keys) {
    const value = (values as Record<string, unknown>)[name];
    if (value === null || value === undefined) continue; // an absent key is a null column
    text += prefix + JSON.stringify(value);
  }
  return text;
}

/** The line of an accepted event. */
export function eventLine(event: StationEvent): string {
  const keys = event.kind === 'status' ? STATUS_KEYS : INFORMATION_KEYS;
  const head = `{"i":${JSON.stringify(event.values.station_id)},"h":"${event.content_hash}"`;
  return `${head}${members(event.values, keys)},"r":${JSON.stringify(event.raw)}}`;
}

/** The line of a receipt; its system and times stand in the chunk's header. */
export function receiptLine(receipt: Receipt): string {
  return `{${members(receipt, RECEIPT_KEYS).slice(1)}}`;
}

/** Packs entries, in order, into as few chunks as hold `limitBytes` of lines each; an entry is never divided (its slot is judged as a whole). */
export function packChunks(
  lane: string | null,
  slot_ms: number,
  entries: readonly Entry[],
  limitBytes = CHUNK_LIMIT_BYTES,
): Buffer[] {
  const chunks: Buffer[] = [];
  let pack: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = entry.lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    if (pack.length > 0 && bytes + size > limitBytes) {
      chunks.push(encodeChunk(lane, slot_ms, pack));
      pack = [];
      bytes = 0;
    }
    pack.push(entry);
    bytes += size;
  }
  if (pack.length > 0) chunks.push(encodeChunk(lane, slot_ms, pack));
  return chunks;
}

/** One chunk of all the entries, as the bytes of a Kinesis record. */
export function encodeChunk(lane: string | null, slot_ms: number, entries: readonly Entry[]): Buffer {
  const header: ChunkHeader = {
    format: CHUNK_FORMAT,
    lane,
    slot_ms,
    entries: entries.map(({ lines, ...entry }) => ({ ...entry, lines: lines.length })),
  };
  const lines = entries.flatMap((entry) => entry.lines);
  const text = [JSON.stringify(header), ...lines, ''].join('\n');
  const frame = zstdCompressSync(text, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  return padded(frame, answerBytes(Buffer.byteLength(text), lines.length));
}

/** About what a row carries besides its line, once the Bronze transform has put the stream's metadata in front of it. */
const ROW_METADATA_BYTES = 240;
/** base64: 4 characters for 3 bytes. */
const answerBytes = (text_bytes: number, rows: number): number => ((text_bytes + rows * ROW_METADATA_BYTES) * 4) / 3;

/**
 * How many times its own size a chunk may become in the answer of the Bronze transform. Firehose fills the transform's buffer by
 * the bytes that it reads (a hint of 0.2 MB, which it may overshoot), while the answer is limited to 6 MB: at 16 times even
 * 0.34 MB stay below 5.5 MB. Real feeds compress to a 28th and would pass it.
 */
export const MAX_EXPANSION = 16;
const SKIPPABLE_MAGIC = 0x184d2a50;
const SKIPPABLE_HEADER_BYTES = 8;

/** The frame, followed by a skippable zstd frame (RFC 8878, 3.1.2), which decoders pass over, where it is smaller than a 16th of its answer. */
function padded(frame: Buffer, answer_bytes: number): Buffer {
  const missing = Math.ceil(answer_bytes / MAX_EXPANSION) - frame.length;
  if (missing <= SKIPPABLE_HEADER_BYTES) return frame;
  const pad = Buffer.alloc(missing);
  pad.writeUInt32LE(SKIPPABLE_MAGIC, 0);
  pad.writeUInt32LE(missing - SKIPPABLE_HEADER_BYTES, 4);
  return Buffer.concat([frame, pad]);
}

/**
 * The chunk in a Kinesis record's bytes.
 * Throws RejectedInput `unknown_chunk_format` for a newer format, `not_a_chunk` for anything else: foreign records, a header that doesn't fit its lines.
 */
export function decodeChunk(record: Uint8Array): Chunk {
  let text: string;
  try {
    text = zstdDecompressSync(record, { maxOutputLength: UNPACKED_LIMIT_BYTES }).toString('utf8');
  } catch (cause) {
    throw notAChunk('the record is not zstd', { cause });
  }
  const lines = text.split('\n');
  const first = lines.shift() ?? '';
  if (lines.at(-1) === '') lines.pop();
  const header = parseHeader(first);
  const expected = header.entries.reduce((sum, entry) => sum + entry.lines, 0);
  if (expected !== lines.length) {
    throw notAChunk(`the header counts ${expected} lines, the chunk has ${lines.length}`);
  }
  return { header, lines };
}

function parseHeader(line: string): ChunkHeader {
  let header: Partial<ChunkHeader> | null;
  try {
    header = JSON.parse(line) as Partial<ChunkHeader> | null;
  } catch (cause) {
    throw notAChunk('the header line is not JSON', { cause });
  }
  const format: unknown = header?.format;
  if (Number.isSafeInteger(format) && Number(format) > CHUNK_FORMAT) {
    const message = `the chunk is of format ${String(format)}, this version reads ${CHUNK_FORMAT}: deploy the version that wrote it`;
    throw new RejectedInput('stream', UNKNOWN_FORMAT, message);
  }
  if (format !== CHUNK_FORMAT || !isHeader(header))
    throw notAChunk(`the header is not of chunk format ${CHUNK_FORMAT}`);
  return header;
}

const notAChunk = (message: string, options?: ErrorOptions): RejectedInput =>
  new RejectedInput('stream', 'not_a_chunk', message, options);

/** A lane is a part of object names, so it holds nothing that means something in one. */
const LANE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const KINDS: readonly unknown[] = ['status', 'information', 'receipt'] satisfies Kind[];
/** 10000-01-01T00:00:00Z: dates have ten characters, and are compared as text. */
const END_OF_DATES_MS = 253_402_300_800_000;

/** Whether a number is a slot: epoch ms of a date from 1970 to 9999. */
export const isSlot = (slot_ms: unknown): slot_ms is number =>
  Number.isSafeInteger(slot_ms) && Number(slot_ms) >= 0 && Number(slot_ms) < END_OF_DATES_MS;

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;

function isHeader(header: Partial<ChunkHeader> | null): header is ChunkHeader {
  const { lane, slot_ms, entries } = header ?? {};
  return (
    isSlot(slot_ms) &&
    (lane === null || (typeof lane === 'string' && LANE.test(lane))) &&
    Array.isArray(entries) &&
    entries.every(isEntry)
  );
}

function isEntry(entry: unknown): boolean {
  const { kind, system_id, part, parts, lines, fetched_at_ms, feed_updated_ms } = (entry ?? {}) as Partial<EntryHeader>;
  return (
    KINDS.includes(kind) &&
    typeof system_id === 'string' &&
    isCount(part) &&
    isCount(parts) &&
    isCount(lines) &&
    isCount(fetched_at_ms) &&
    (feed_updated_ms === null || isCount(feed_updated_ms))
  );
}

const ID_START = '{"i":"'.length;
const HASH_GAP = '","h":"'.length;
const HASH_LENGTH = 16;

/** An event line with the two things that judge it; `id` is the station id as JSON text, still escaped. */
export interface EventLine {
  readonly id: string;
  readonly hash: string;
  readonly line: string;
}

/** A line's station id and content hash, without parsing it. Throws RejectedInput `not_a_chunk` for a line that is no event. */
export function toEventLine(line: string): EventLine {
  let end = line.indexOf('"', ID_START);
  while (end > 0 && isEscaped(line, end)) end = line.indexOf('"', end + 1);
  const hashStart = end + HASH_GAP;
  if (end < 0 || !line.startsWith('","h":"', end) || line[hashStart + HASH_LENGTH] !== '"') {
    throw notAChunk('a line does not begin with station id and content hash');
  }
  return { id: line.slice(ID_START, end), hash: line.slice(hashStart, hashStart + HASH_LENGTH), line };
}

function isEscaped(line: string, quote: number): boolean {
  let backslashes = 0;
  while (line[quote - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}
