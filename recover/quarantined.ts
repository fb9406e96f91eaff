import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { Reject } from '../lib/event.ts';
import type { ObjectStore } from './objects.ts';

/** What of quarantine is asked for: slots in [from_ms, until_ms), systems (none: all). */
export interface QuarantineRange {
  readonly system_ids: readonly string[];
  readonly from_ms: number;
  readonly until_ms: number;
}

/** Lines of quarantine that can't be put together, by what is wrong with them. */
export interface Quarantined {
  readonly rejects: readonly Reject[];
  readonly unreadable: Readonly<Record<string, number>>;
}

interface Line extends Omit<Reject, 'raw'> {
  readonly piece: number;
  readonly pieces: number;
  readonly encoding: string;
  readonly raw: string;
}

const PREFIX = 'quarantine/';
const UNPACKED_LIMIT_BYTES = 64 * 1024 * 1024;
const GZIP_MAGIC = 0x1f8b;

/**
 * The rejects in quarantine, each once: the delivery stream delivers at least once, and cuts large input in pieces. A file that is
 * no gzip is text (S3 clients may have unpacked it). `progress` is told of files.
 */
export async function readQuarantine(
  objects: ObjectStore,
  range: QuarantineRange,
  progress: (done: number, total: number, what: string) => void,
): Promise<Quarantined> {
  const files = (await objects.keys(PREFIX)).filter((key) => mayHold(key, range));
  const lines = new Map<string, Map<number, Set<string>>>();
  const unreadable: Record<string, number> = {};
  const note = (reason: string): void => {
    unreadable[reason] = (unreadable[reason] ?? 0) + 1;
  };
  for (const [n, key] of files.entries()) {
    progress(n, files.length, key);
    for (const text of textOf((await objects.get(key)) ?? Buffer.alloc(0)).split('\n')) {
      if (text === '') continue;
      const line = parseLine(text);
      if (line === null) note('no_line_of_quarantine');
      else if (isAskedFor(line, range)) {
        const { system_id, slot_ms, feed, reason, place, piece, pieces, raw } = line;
        const identity = JSON.stringify([system_id, slot_ms, feed, reason, place, pieces]);
        const own = lines.get(identity) ?? new Map<number, Set<string>>();
        lines.set(identity, own);
        own.set(piece, (own.get(piece) ?? new Set()).add(raw));
      }
    }
  }
  const rejects = [...lines].flatMap(([identity, own]) => putTogether(identity, own, note));
  return { rejects: rejects.sort(inOrder), unreadable };
}

/** A file holds nothing of slots after its arrival; later ones may hold what waited for long. */
function mayHold(key: string, { from_ms }: QuarantineRange): boolean {
  const [, date] = /\/dt=(\d{4}-\d\d-\d\d)\//.exec(key) ?? [];
  return date === undefined || Date.parse(`${date}T23:59:59.999Z`) >= from_ms;
}

const isAskedFor = ({ system_id, slot_ms }: Line, range: QuarantineRange): boolean =>
  slot_ms >= range.from_ms &&
  slot_ms < range.until_ms &&
  (range.system_ids.length === 0 || range.system_ids.includes(system_id));

const textOf = (file: Buffer): string =>
  (file.length > 1 && file.readUInt16BE(0) === GZIP_MAGIC ? gunzipSync(file) : file).toString('utf8');

function parseLine(text: string): Line | null {
  try {
    const line = JSON.parse(text) as Line;
    const isWhole = [line.system_id, line.feed, line.reason, line.place, line.raw].every((t) => typeof t === 'string');
    return isWhole && Number.isSafeInteger(line.slot_ms) && line.encoding === 'zstd+base64' ? line : null;
  } catch {
    return null;
  }
}

/** Pieces of which each is there in one version make an input. A poll that ran twice may have left two versions: whole ones can be told apart. */
function putTogether(
  identity: string,
  own: ReadonlyMap<number, ReadonlySet<string>>,
  note: (reason: string) => void,
): Reject[] {
  const [system_id, slot_ms, feed, reason, place, pieces] = JSON.parse(identity) as [
    string,
    number,
    string,
    string,
    string,
    number,
  ];
  const reject = { system_id, slot_ms, feed, reason, place };
  if (own.size < pieces) note('piece_is_missing');
  else if (pieces > 1 && [...own.values()].some((versions) => versions.size > 1)) note('pieces_of_two_polls');
  else {
    try {
      const unpack = (raw: string) =>
        zstdDecompressSync(Buffer.from(raw, 'base64'), { maxOutputLength: UNPACKED_LIMIT_BYTES });
      if (pieces === 1) return [...(own.get(1) ?? [])].map((raw) => ({ ...reject, raw: unpack(raw) }));
      const parts = Array.from({ length: pieces }, (_, n) => unpack([...(own.get(n + 1) ?? [])][0] ?? ''));
      return [{ ...reject, raw: Buffer.concat(parts) }];
    } catch {
      note('bytes_are_broken');
    }
  }
  return [];
}

/** The order of files is that of arrival, which differs from run to run of a delivery. */
const inOrder = (a: Reject, b: Reject): number =>
  a.slot_ms - b.slot_ms ||
  compare(a.system_id, b.system_id) ||
  compare(a.feed, b.feed) ||
  compare(a.place, b.place) ||
  Buffer.compare(a.raw, b.raw);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
