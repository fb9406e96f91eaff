import { zstdDecompressSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import type { StoredObject } from './cloud.ts';
import { fromPlain, isPlain } from './plain-rows.ts';
import { hashOf, type Sent, shardId } from './streams.ts';

/** The fold of a chain's first `version` objects, as the oracle sees it. Shares no code with lib/silver. */
export interface Fold {
  version: number;
  date: string;
  folder: string;
  /** Shard → last sequence number. */
  readonly positions: Record<string, string>;
  /** System, kind and part → newest slot, epoch ms. */
  readonly newest: Record<string, number>;
  /** System and kind → station id as JSON text → its last row. */
  readonly stations: Record<string, Record<string, LastRow>>;
}

export interface LastRow {
  readonly station_id: string;
  readonly slot_ms: number;
  readonly content_hash: string;
  readonly part: number;
}

type Row = Record<string, unknown>;
type Change = LastRow & { readonly kind: string; readonly system_id: string };

/** What a chain must be, given what was sent. `folds[v]` is the state after version v; `consumed` names records as `<shard>/<n>`. */
export interface Checked {
  readonly folds: readonly Fold[];
  readonly consumed: readonly string[];
  readonly violations: readonly string[];
}

/**
 * Holds a lane's chain against what was sent to its shards. Which records an object consumed is read from the object; everything else
 * that it says is computed here, from the records, and compared: I1 rows are changes, I2 they are the fold of the consumed records, I3
 * no record twice, I4 counts, I5 no hole and no fork, I7 folders follow the chain; and the first object of a folder holds the state before it.
 */
export async function checkChain(
  lane: string,
  chain: readonly StoredObject[],
  shards: ReadonlyArray<readonly Sent[]>,
): Promise<Checked> {
  const check = new ChainCheck(lane, shards);
  for (const object of chain) check.object(object, await rowsOf(object.bytes));
  return check;
}

class ChainCheck implements Checked {
  readonly violations: string[] = [];
  readonly consumed: string[] = [];
  readonly folds: Fold[] = [emptyFold()];
  readonly #fold = emptyFold();
  readonly #lane: string;
  readonly #shards: ReadonlyArray<readonly Sent[]>;
  /** Shard → last sequence number that an object consumed. */
  readonly #last: Record<number, number> = {};
  readonly #lastChange = new Map<string, { slot_ms: number; content_hash: string }>();

  constructor(lane: string, shards: ReadonlyArray<readonly Sent[]>) {
    this.#lane = lane;
    this.#shards = shards;
  }

  #expect(what: string, found: unknown, wanted: unknown): void {
    const [a, b] = [canonical(found), canonical(wanted)];
    if (a !== b) this.violations.push(`${what}: found ${a}, should be ${b}`);
  }

  object({ date, version }: StoredObject, rows: readonly Row[]): void {
    const fold = this.#fold;
    const at = `version ${version} of lane ${this.#lane}`;
    this.#expect(`I5 name of ${at}`, [date, version], [fold.date, fold.version + 1]);
    for (const row of rows) this.#expect(`a row of ${at}`, [row.lane, row.version], [this.#lane, version]);
    this.#expect(`state before ${at}`, stateIn(rows), fold.folder === fold.date ? null : fold);
    fold.folder = date;
    fold.version += 1;
    const [own = {}, ...others] = rows.filter((row) => row.row_kind === 'turn' || row.row_kind === 'batch');
    this.#expect(`other turns or batches in ${at}`, others, []);
    const changes = rows.filter((row) => row.row_kind === 'change').map(changeOf);
    if (own.row_kind === 'turn') this.#turn(at, String(own.next_date), changes);
    else this.#batch(at, own, changes);
    this.folds.push(structuredClone(fold));
  }

  #turn(at: string, next: string, changes: readonly Change[]): void {
    const dates = this.#shards.flat().flatMap((sent) => (sent.lane === this.#lane ? [dateOf(sent.slot_ms)] : []));
    if (!dates.includes(next) || next <= this.#fold.date) {
      this.violations.push(`I7 ${at} turns from ${this.#fold.date} to ${next}`);
    }
    this.#expect(`changes beside the turn in ${at}`, changes, []);
    this.#fold.date = next;
  }

  #batch(at: string, own: Row, changes: readonly Change[]): void {
    const fold = this.#fold;
    const s = this.#shards.findIndex((_, n) => shardId(n) === own.shard_id);
    const shard = this.#shards[s] ?? [];
    const [first, end] = [Number(own.first_sequence), Number(own.last_sequence)];
    const taken = shard.filter((r) => r.lane === this.#lane && r.sequence >= first && r.sequence <= end);
    const bounds = [taken[0]?.sequence, taken.at(-1)?.sequence, taken.length];
    this.#expect(`I3 bounds of ${at}`, [first, end, own.records], bounds);
    if ((this.#last[s] ?? -1) >= first) {
      this.violations.push(`I3 ${at} consumes ${first} of shard ${s} again, after ${this.#last[s]}`);
    }
    this.#last[s] = end;
    this.consumed.push(...taken.map((r) => `${s}/${shard.indexOf(r)}`));
    const judged = judge(fold, taken);
    this.#expect(`I2 changes of ${at}`, changes, judged.changes);
    const { fresh, unchanged, duplicate, late } = own;
    this.#expect(`I4 counts of ${at}`, { fresh, unchanged, duplicate, late }, judged.counts);
    fold.positions[shardId(s)] = String(end);
    this.#expect(`newest slots of ${at}`, JSON.parse((own.newest_slots as string | undefined) ?? '{}'), fold.newest);
    for (const change of changes) this.#change(at, change);
  }

  #change(at: string, change: Change): void {
    const key = `${change.system_id}/${change.kind}/${change.station_id}`;
    const before = this.#lastChange.get(key);
    if (before && (change.slot_ms <= before.slot_ms || change.content_hash === before.content_hash)) {
      this.violations.push(`I1 ${at}: ${canonical(change)} is no change after ${canonical(before)}`);
    }
    this.#lastChange.set(key, change);
    if (dateOf(change.slot_ms) > this.#fold.folder)
      this.violations.push(`I7 ${at} has a row of ${dateOf(change.slot_ms)}`);
  }
}

export const emptyFold = (): Fold => ({
  version: 0,
  date: '1970-01-01',
  folder: '1970-01-01',
  positions: {},
  newest: {},
  stations: {},
});

/** What records do to the fold: their changes and counts. A part's slot is judged as a whole, then each station's. */
function judge(fold: Fold, records: readonly Sent[]) {
  const changes: Row[] = [];
  const counts = { fresh: 0, unchanged: 0, duplicate: 0, late: 0 };
  for (const { slot_ms, parts } of records) {
    for (const { kind, system_id, part, fetched_at_ms, stations } of parts) {
      const partKey = `${system_id}/${kind}/${part}`;
      const partSlot = fold.newest[partKey] ?? Number.NEGATIVE_INFINITY;
      fold.newest[partKey] = Math.max(partSlot, slot_ms);
      const system = `${system_id}/${kind}`;
      const known = fold.stations[system] ?? {};
      fold.stations[system] = known;
      for (const [station_id, content] of stations) {
        const id = JSON.stringify(station_id).slice(1, -1);
        const row = Object.hasOwn(known, id) ? known[id] : undefined;
        const bound = slot_ms <= partSlot ? partSlot : (row?.slot_ms ?? Number.NEGATIVE_INFINITY);
        if (slot_ms < bound) counts.late++;
        else if (slot_ms === bound) counts.duplicate++;
        else if (row?.content_hash === hashOf(content)) counts.unchanged++;
        else {
          counts.fresh++;
          const changed = { station_id, slot_ms, content_hash: hashOf(content), part };
          Object.defineProperty(known, id, { value: changed, enumerable: true, configurable: true, writable: true });
          changes.push({ ...changed, kind, system_id, fetched_at_ms, num_bikes_available: content.charCodeAt(0) });
        }
      }
    }
  }
  return { changes, counts };
}

function changeOf(row: Row): Change {
  const { row_kind: _row, lane: _lane, version: _version, slot, fetched_at, ...own } = row;
  const times = { slot_ms: Number(slot), fetched_at_ms: Number(fetched_at) };
  return { ...own, ...times } as unknown as Change;
}

/** The rows of kind `state` as a fold; null where there is none. */
function stateIn(rows: readonly Row[]): Fold | null {
  const [head, ...stations] = rows.filter((row) => row.row_kind === 'state');
  if (head === undefined) return null;
  const { positions, newest, ...rest } = JSON.parse(String(head.head));
  return {
    ...rest,
    positions: Object.fromEntries(positions),
    newest: Object.fromEntries(newest),
    stations: byStation(stations.map(changeOf)),
  };
}

function byStation(rows: readonly Change[]): Fold['stations'] {
  const systems = new Map<string, [string, LastRow][]>();
  for (const { kind, system_id, station_id, slot_ms, content_hash, part } of rows) {
    const key = `${system_id}/${kind}`;
    const id = JSON.stringify(station_id).slice(1, -1);
    systems.set(key, [...(systems.get(key) ?? []), [id, { station_id, slot_ms, content_hash, part }]]);
  }
  return Object.fromEntries([...systems].map(([key, own]) => [key, Object.fromEntries(own)]));
}

/** A state of the program (memory, or a checkpoint's members) as a fold. */
export function asFold(state: {
  readonly version: number;
  readonly date: string;
  readonly folder: string;
  readonly positions: Iterable<readonly [string, string]>;
  readonly newest: Iterable<readonly [string, number]>;
  readonly stations: Iterable<readonly [string, Iterable<readonly [string, Change]>]>;
}): Fold {
  const { version, date, folder, positions, newest, stations } = state;
  const rows = [...stations].flatMap(([, own]) => [...own].map(([, row]) => row));
  return {
    version,
    date,
    folder,
    positions: Object.fromEntries(positions),
    newest: Object.fromEntries(newest),
    stations: byStation(rows),
  };
}

/** The members of a checkpoint's bytes. */
export const checkpointIn = (bytes: Uint8Array): Fold => asFold(JSON.parse(zstdDecompressSync(bytes).toString('utf8')));

/** A log object's rows, read here and not by the program: columns by name, nulls left out. */
export async function rowsOf(bytes: Uint8Array): Promise<Row[]> {
  if (isPlain(bytes)) return fromPlain(bytes).rows as Row[];
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const rows = await parquetReadObjects({ file, compressors: { ZSTD: (input) => zstdDecompressSync(input) } });
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row)
        .filter(([, value]) => value !== null && value !== undefined)
        .map(([name, value]) => [name, typeof value === 'bigint' || value instanceof Date ? Number(value) : value]),
    ),
  );
}

const dateOf = (slot_ms: number): string => new Date(slot_ms).toISOString().slice(0, 10);

/** Text in which the order of members and empty inner objects make no difference. */
export function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'nothing';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const members = Object.entries(value)
    .filter(([, v]) => !(v !== null && typeof v === 'object' && !Array.isArray(v) && Object.keys(v).length === 0))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(',')}}`;
}
