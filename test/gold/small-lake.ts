import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { queryLake } from '../../jobs/duckdb/query-lake.ts';
import { type ColumnType, type Row, toParquet } from '../../lib/parquet.ts';
import columns from '../../lib/stream/columns.json' with { type: 'json' };

export const MINUTE = 60_000;
export const SHARD = 'shardId-000000000000';
const TYPES: Record<string, ColumnType> = {
  string: 'STRING',
  bigint: 'INT64',
  int: 'INT32',
  boolean: 'BOOLEAN',
  double: 'DOUBLE',
};
const BRONZE = Object.fromEntries(columns.map(({ name, type }) => [name, TYPES[type] ?? 'STRING']));

const LOG: Record<string, ColumnType> = {
  row_kind: 'STRING', lane: 'STRING', version: 'INT64', kind: 'STRING', system_id: 'STRING', station_id: 'STRING', part: 'INT32',
  slot: 'TIMESTAMP', content_hash: 'STRING', shard_id: 'STRING', first_sequence: 'STRING', last_sequence: 'STRING', records: 'INT32',
  fresh: 'INT32', unchanged: 'INT32', duplicate: 'INT32', late: 'INT32',
}; // biome-ignore format: a table

/** What a test says of a station at a slot: bikes, and docks (null: the feed doesn't say), and what else differs from an open station. */
export interface Seen {
  readonly bikes: number;
  readonly docks?: number | null;
  readonly disabled?: number;
  readonly is_installed?: boolean;
  readonly is_renting?: boolean;
  readonly is_returning?: boolean;
}

/** The hash of what is seen: any text that differs where the content does. */
export const hashOf = (seen: Seen): string => JSON.stringify(seen, Object.keys(seen).sort());

export const at = (iso: string): number => Date.parse(iso);

export interface Entry {
  readonly slot_ms: number;
  readonly sequence: number;
  readonly system_id?: string;
  readonly part?: number;
  readonly fetched_at_ms?: number;
  readonly arrived_at_ms?: number;
}

const streamOf = ({ sequence, slot_ms, arrived_at_ms, fetched_at_ms, system_id = 'sys', part = 0 }: Entry): Row => ({
  system_id,
  part,
  slot_ms,
  shard_id: SHARD,
  sequence_number: String(sequence),
  fetched_at_ms: fetched_at_ms ?? slot_ms + 3_000,
  arrived_at_ms: arrived_at_ms ?? slot_ms + 4_000,
});

/** The Bronze rows of a chunk of status events. */
export function chunk(entry: Entry, stations: Readonly<Record<string, Seen>>): Row[] {
  return Object.entries(stations).map(([station_id, seen], i) => ({
    kind: 'status',
    lane: 'a',
    line: i + 1,
    station_id,
    content_hash: hashOf(seen),
    num_bikes_available: seen.bikes,
    num_bikes_disabled: seen.disabled ?? null,
    num_docks_available: seen.docks === undefined ? 10 : seen.docks,
    is_installed: seen.is_installed ?? true,
    is_renting: seen.is_renting ?? true,
    is_returning: seen.is_returning ?? true,
    raw: '{}',
    ...streamOf(entry),
  }));
}

/** The Bronze row of a receipt of station_status; unless `more` says else, all that was fetched was accepted. */
export function receipt(entry: Entry, accepted: number, more: Row = {}): Row {
  return {
    kind: 'receipt', line: 1, group_id: 'g', feed: 'station_status', status: 'ok', http_code: 200, fetched: accepted, accepted,
    rejected: 0, repeated: 0, bytes: 100, latency_ms: 20, ...streamOf(entry), ...more,
  }; // biome-ignore format: a table
}

/** A lake in a temporary state folder, written file by file as Firehose and the Silver function leave them. */
export class SmallLake {
  readonly dir = mkdtempSync(join(tmpdir(), 'bikelake-gold-'));
  readonly root = join(this.dir, 's3', 'bikelake-dev-lake');
  #files = 0;
  #version = 0;

  constructor(systems: readonly { system_id: string; interval_s: number; time_zone: string }[] = [SYSTEM]) {
    const planned = systems.map((s) => ({ ...s, kind: 'gbfs', url: 'https://feed.example/gbfs.json', lanes: ['a'] }));
    this.#write(
      'config/plan.json',
      JSON.stringify({ format: 1, groups: [{ group_id: 'g', interval_s: 60, systems: planned }] }),
    );
  }

  /** A plan of these groups, each of the one system, in the place of the lake's own. */
  plan(groups: readonly { readonly group_id: string }[]): void {
    const systems = [{ ...SYSTEM, kind: 'gbfs', url: 'https://feed.example/gbfs.json', lanes: ['a'] }];
    const planned = groups.map((group) => ({ ...group, interval_s: 60, systems }));
    this.#write('config/plan.json', JSON.stringify({ format: 1, groups: planned }));
  }

  /** A Bronze file, in the partition of its oldest record. */
  bronze(rows: readonly Row[]): void {
    const oldest = new Date(Math.min(...rows.map((row) => Number(row.arrived_at_ms)))).toISOString();
    this.#files += 1;
    const name = `${String(this.#files).padStart(4, '0')}.parquet`;
    this.#write(`bronze/events/dt=${oldest.slice(0, 10)}/hh=${oldest.slice(11, 13)}/${name}`, toParquet(BRONZE, rows));
  }

  /** A log object of one batch: the range of sequence numbers that it consumed, its counts, and its changes `station@iso` → what was seen. */
  log(
    range: readonly [number, number],
    counts: Row,
    changes: readonly { station_id: string; slot_ms: number; seen: Seen }[],
  ): void {
    this.#version += 1;
    const own = { lane: 'a', version: this.#version };
    const batch = { row_kind: 'batch', shard_id: SHARD, first_sequence: String(range[0]), last_sequence: String(range[1]), records: 1,
      fresh: 0, unchanged: 0, duplicate: 0, late: 0, ...counts, ...own }; // biome-ignore format: a table
    const rows = changes.map(({ station_id, slot_ms, seen }) => ({
      row_kind: 'change', kind: 'status', system_id: 'sys', part: 0, station_id, slot: slot_ms, content_hash: hashOf(seen), ...own,
    })); // biome-ignore format: a table
    const date = new Date(Math.max(...changes.map((c) => c.slot_ms), START)).toISOString().slice(0, 10);
    this.#write(
      `log/lane=a/event_date=${date}/${String(this.#version).padStart(12, '0')}.parquet`,
      toParquet(LOG, [batch, ...rows]),
    );
  }

  /** Rows of a query as arrays of values. */
  async rows(sql: string): Promise<unknown[][]> {
    const answer = await queryLake(this.root, sql);
    return answer.rows.map((row) => [...row]);
  }

  /** Every file of settled Silver and Gold, by path, as hex. */
  files(): Record<string, string> {
    const all = ['silver', 'gold'].flatMap((folder) =>
      readdirSync(join(this.root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name)),
    );
    return Object.fromEntries(all.sort().map((file) => [relative(this.root, file), readFileSync(file, 'hex')]));
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  #write(key: string, content: string | Uint8Array): void {
    const file = join(this.root, key);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

export const SYSTEM = { system_id: 'sys', interval_s: 60, time_zone: 'UTC' };
export const START = at('2026-11-21T00:00:00Z');
