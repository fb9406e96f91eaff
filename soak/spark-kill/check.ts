import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { sparkEnvironment, sparkVariables } from '../../jobs/spark/environment.ts';
import { compareTables } from '../../test/spark/compare.ts';
import { filesOf, strayChecksums } from './folder.ts';
import { sparkRoom } from './job.ts';
import type { KilledLake } from './lakes.ts';

const CHECK = fileURLToPath(new URL('check.py', import.meta.url));
const DAY_S = 86_400;

/** A table as its snapshots have it. */
export interface Looked {
  readonly snapshots: readonly string[];
  readonly committed_ms: readonly number[];
  /** Day → snapshots that added or removed a file of it. */
  readonly effects: Readonly<Record<string, number>>;
  /** Data files of the newest snapshot. */
  readonly files: readonly string[];
  /** Every file that a snapshot, or the newest metadata, names. */
  readonly named: readonly string[];
  /** Snapshot → its rows, in short. */
  readonly rows: Readonly<Record<string, string>>;
}

export type Tables = Readonly<Record<string, Looked | null>>;

export interface Work {
  readonly split?: boolean;
  readonly rows?: boolean;
  readonly maintain?: number;
}

/** A session of its own that looks at the tables, and may maintain them. */
export async function look(
  lake: KilledLake,
  room: string,
  { split = false, rows = false, maintain }: Work,
): Promise<{ readonly tables: Tables; readonly after?: Tables }> {
  const environment = sparkEnvironment();
  const file = join(room, 'check.json');
  const [root, warehouse] = [lake.root, lake.iceberg].map((path) => pathToFileURL(path).href);
  writeFileSync(file, JSON.stringify({ lake: root, warehouse, split, rows, maintain: maintain ?? null }));
  const child = spawn(environment.python, [CHECK, file], {
    env: { ...sparkVariables(environment, { threads: 2, memory_mb: 1500 }), ...sparkRoom(room) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (bytes: Buffer) => {
    said = `${said}${bytes.toString()}`.slice(-20_000);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the session that looks at the tables ended with ${code}:\n${said}`);
  return JSON.parse(readFileSync(`${file}.out`, 'utf8')) as { tables: Tables; after?: Tables };
}

/** Tables whose rows aren't DuckDB's, a line each. */
export async function unlikeDuckdb(lake: KilledLake, tables: Tables): Promise<string[]> {
  const files = Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, table?.files ?? []]));
  const compared = Object.entries(await compareTables(lake.root, { files }));
  if (compared.every(([, { rows }]) => rows === 0)) throw new Error('no table has a row: nothing was compared');
  return compared
    .filter(([, { only_duckdb, only_spark, apart }]) => only_duckdb + only_spark + apart > 0)
    .map(([name, counts]) => `${name}: ${JSON.stringify(counts)}`);
}

/** Files of the tables that no snapshot and no newest metadata names, and the other way round. */
export function unnamed(lake: KilledLake, tables: Tables): { readonly orphans: string[]; readonly missing: string[] } {
  const there = filesOf(lake.iceberg).filter(({ table }) => table !== '').map(({ path }) => path); // biome-ignore format: one line
  const named = Object.values(tables).flatMap((table) => table?.named ?? []);
  const paths = new Set(
    named.map((url) => relative(lake.iceberg, fileURLToPath(url.replace(/^file:\/*/, 'file:///')))),
  );
  return {
    orphans: there.filter((path) => !paths.has(path) && !path.endsWith('version-hint.text')),
    missing: [...paths].filter((path) => !there.includes(path)),
  };
}

/** Everything in the tables' folders becomes so old that `maintain` may remove it, if nothing names it. */
export function age(lake: KilledLake, days: number): void {
  const at_s = Date.now() / 1000 - days * DAY_S;
  for (const { path } of filesOf(lake.iceberg)) utimesSync(join(lake.iceberg, path), at_s, at_s);
}

export const checksums = (lake: KilledLake): string[] => strayChecksums(lake.iceberg);
