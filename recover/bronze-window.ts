import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Database } from '../jobs/duckdb/connection.ts';
import { LakeFolder } from '../jobs/duckdb/lake-folder.ts';
import { BRONZE_COLUMNS, literal, parquetRelation, queryText } from '../jobs/duckdb/relation.ts';
import { reloadsQuery } from '../jobs/duckdb/reloads.ts';
import type { ReloadRange } from '../lib/gold/reload.ts';
import type { ObjectStore } from './objects.ts';
import type { Pipeline } from './pipeline.ts';

const HOUR_MS = 3_600_000;
const PREFIX = 'bronze/events/';
/** A file lies under the arrival of its oldest record; polls run a minute late at most, and a buffer is full after minutes. */
const ARRIVED_BEFORE_MS = HOUR_MS;
const ARRIVED_AFTER_MS = 26 * HOUR_MS;

/** Files of Bronze on this machine that may hold slots of [from_ms, until_ms). `end` throws the room away: what was fetched, and spilled. */
export interface BronzePaths {
  readonly room: string;
  paths(from_ms: number, until_ms: number): Promise<string[]>;
  end(): void;
}

/** All files of a lake that is a folder here (DuckDB reads of each only what it needs); else those of the partitions in question, fetched. */
export function bronzePaths({
  lake_folder,
  lake,
}: Pick<Pipeline, 'lake_folder'> & { readonly lake: ObjectStore }): BronzePaths {
  if (lake_folder === null) return fetchedPaths(lake);
  const folder = new LakeFolder(lake_folder);
  const room = newRoom();
  return {
    room,
    paths: async () => folder.parquetKeys('bronze/events').map((key) => folder.path(key)),
    end: () => rmSync(room, { recursive: true, force: true }),
  };
}

const newRoom = (): string => mkdtempSync(join(tmpdir(), 'bikelake-bronze-'));

/** From a bucket. */
export function fetchedPaths(objects: ObjectStore): BronzePaths {
  const room = newRoom();
  return {
    room,
    paths: async (from_ms, until_ms) => {
      const paths: string[] = [];
      for (const hour of hoursBetween(from_ms - ARRIVED_BEFORE_MS, until_ms + ARRIVED_AFTER_MS)) {
        for (const key of await objects.keys(`${PREFIX}dt=${hour.slice(0, 10)}/hh=${hour.slice(11, 13)}/`)) {
          const path = join(room, key);
          const bytes = key.endsWith('.parquet') ? await objects.get(key) : null;
          if (bytes === null) continue;
          await mkdir(dirname(path), { recursive: true });
          await writeFile(path, bytes);
          paths.push(path);
        }
      }
      return paths;
    },
    end: () => rmSync(room, { recursive: true, force: true }),
  };
}

function hoursBetween(from_ms: number, until_ms: number): string[] {
  const hours: string[] = [];
  for (let ms = Math.floor(from_ms / HOUR_MS) * HOUR_MS; ms < until_ms; ms += HOUR_MS)
    hours.push(new Date(ms).toISOString());
  return hours;
}

export interface WindowRange {
  readonly system_ids: readonly string[];
  readonly from_ms: number;
  readonly until_ms: number;
}

/**
 * Opens a range of slots of some systems as settle sees it: `bronze_all`, `bronze_window` (what counts), and the tables `records`,
 * `receipts` and `events` by settle's own SQL.
 */
export async function openWindow(
  files: BronzePaths,
  { system_ids, from_ms, until_ms }: WindowRange,
  reloads: readonly ReloadRange[],
): Promise<Database> {
  const spill_dir = join(files.room, 'spill');
  const db = await Database.open({ threads: 2, memory_mb: 640, spill_dir });
  const rows = parquetRelation(BRONZE_COLUMNS, await files.paths(from_ms, until_ms));
  const systems = system_ids.map(literal).join(', ');
  const bind = (name: string, query: string) => db.run(`CREATE OR REPLACE TEMPORARY VIEW ${name} AS ${query}`);
  await bind(
    'bronze_all',
    `SELECT * FROM (${rows}) WHERE slot_ms >= ${from_ms} AND slot_ms < ${until_ms} AND system_id IN (${systems})`,
  );
  await bind('reloads', reloadsQuery(reloads));
  await bind('bronze_window', queryText('settle/00_bronze_window'));
  for (const [table, step] of [['records', '01_records'], ['receipts', '02_receipts'], ['events', '03_events']] as const) {
    await db.run(`CREATE OR REPLACE TEMPORARY TABLE ${table} AS ${queryText(`settle/${step}`)}`);
  } // biome-ignore format: pairs
  return db;
}
