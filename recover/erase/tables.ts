import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { accountForBronze } from '../../jobs/duckdb/bronze-files.ts';
import { Database } from '../../jobs/duckdb/connection.ts';
import type { LakeFolder } from '../../jobs/duckdb/lake-folder.ts';
import { Manifest } from '../../jobs/duckdb/manifest.ts';
import { literal } from '../../jobs/duckdb/relation.ts';

export interface TableCounts {
  readonly table_files: number;
  readonly table_rows: number;
}

/** What settle makes of a day that Bronze has rows of; of any other day it makes nothing. */
const OF_A_DAY = /^(?:settle|audit|quality) (\d{4}-\d\d-\d\d)$/;

/** A file without the system, beside the one that it is going to replace. `file` null: nothing is left of it. */
interface Lighter {
  readonly key: string;
  readonly made: string | null;
  readonly sum: string;
}

/**
 * Takes a system out of settled Silver and Gold, and out of what settle remembers. Bronze has nothing of it any more. What settle remembers is
 * written first, with the sums of the files as they are going to be; ended before the files are replaced, the next run replaces them. A reader that has a file open reads
 * it to its end.
 */
export async function eraseFromTables(lake: LakeFolder, system_id: string, dry_run: boolean): Promise<TableCounts> {
  const room = join(lake.settle_dir, 'erasing');
  rmSync(room, { recursive: true, force: true });
  mkdirSync(room, { recursive: true });
  try {
    await using db = await Database.open({ threads: 2, memory_mb: 384, spill_dir: join(room, 'spill') });
    const keys = [...lake.parquetKeys('silver'), ...lake.parquetKeys('gold')];
    const lighter: Lighter[] = [];
    let rows = 0;
    for (const key of keys) {
      const count = await rowsOf(db, lake.path(key), system_id);
      rows += count;
      if (count > 0)
        lighter.push(dry_run ? { key, made: null, sum: '' } : await without(db, lake, room, key, system_id));
    }
    if (!dry_run) {
      await forget(db, lake, system_id, lighter);
      for (const { key, made } of lighter) {
        if (!existsSync(lake.path(key))) continue; // its day has gone
        if (made !== null) renameSync(made, lake.path(key));
        else rmSync(dirname(lake.path(key)), { recursive: true, force: true });
      }
    }
    return { table_files: lighter.length, table_rows: rows };
  } finally {
    rmSync(room, { recursive: true, force: true });
  }
}

/** 0 for a table that has no systems, as that of trips. */
async function rowsOf(db: Database, path: string, system_id: string): Promise<number> {
  const columns = await db.rows<{ column_name: string }>(
    `DESCRIBE SELECT * FROM read_parquet(${literal(path)}, hive_partitioning = false)`,
  );
  if (!columns.some(({ column_name }) => column_name === 'system_id')) return 0;
  const [row] = await db.rows<{ n: number }>(
    `SELECT count(*) AS n FROM read_parquet(${literal(path)}, hive_partitioning = false) WHERE system_id = ${literal(system_id)}`,
  );
  return row?.n ?? 0;
}

async function without(db: Database, lake: LakeFolder, room: string, key: string, system_id: string): Promise<Lighter> {
  const made = join(room, key.replaceAll('/', '~'));
  const [copied] = await db.rows<{ Count: number }>(
    `COPY (SELECT * FROM read_parquet(${literal(lake.path(key))}, hive_partitioning = false) WHERE system_id IS DISTINCT FROM ${literal(system_id)})
     TO ${literal(made)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  if (copied?.Count === 0) return { key, made: null, sum: '' };
  return { key, made, sum: createHash('sha256').update(readFileSync(made)).digest('hex').slice(0, 32) };
}

/**
 * What settle remembers, without the system: which systems a day has, what Bronze files hold, and the sums of files that it made. A day of which Bronze
 * has nothing any more was never settled: what was carried over into it goes as well.
 */
async function forget(db: Database, lake: LakeFolder, system_id: string, lighter: readonly Lighter[]): Promise<void> {
  const manifest = new Manifest(lake);
  const { content } = manifest;
  const isKnown = Object.values(content.systems).some((ids) => ids.includes(system_id));
  if (!isKnown && lighter.length === 0) return;
  // Which files had something of it nobody remembers: each is looked into again.
  for (const known of [content.bronze, content.systems] as Record<string, unknown>[])
    for (const name of Object.keys(known)) delete known[name];
  await accountForBronze(db, lake, manifest);
  const dates = new Set(Object.values(content.bronze).flatMap((held) => held.map(({ date }) => date)));
  const sums = new Map(lighter.map(({ key, made, sum }) => [key, made === null ? null : sum]));
  for (const [name, made] of Object.entries(content.made)) {
    const date = OF_A_DAY.exec(name)?.[1];
    if (date === undefined || dates.has(date)) content.made[name] = { ...made, files: filesAfter(made.files, sums) };
    else {
      for (const key of Object.keys(made.files)) rmSync(dirname(lake.path(key)), { recursive: true, force: true });
      delete content.made[name];
    }
  }
  manifest.save();
}

const filesAfter = (files: Readonly<Record<string, string>>, sums: ReadonlyMap<string, string | null>) =>
  Object.fromEntries(
    Object.entries(files).flatMap(([key, sum]) => {
      const now = sums.get(key);
      return now === null ? [] : [[key, now ?? sum]];
    }),
  );
