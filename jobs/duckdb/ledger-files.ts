import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Database } from './connection.ts';
import type { LakeFolder } from './lake-folder.ts';
import { type Finding, finding } from './ledger-finding.ts';
import type { Manifest } from './manifest.ts';
import { parquetFault } from './parquet-fault.ts';
import { literal } from './relation.ts';

/** Where only these names belong. */
const NAMES = {
  'bronze/events': /^bronze\/events\/dt=\d{4}-\d\d-\d\d\/hh=\d\d\/[^/]+\.parquet$/,
  log: /^log\/lane=[^/]+\/event_date=\d{4}-\d\d-\d\d\/\d{12}\.parquet$/,
  silver: /^silver\/[a-z_]+\/(event_date=\d{4}-\d\d-\d\d\/)?part\.parquet$/,
  gold: /^gold\/[a-z_]+\/(event_date=\d{4}-\d\d-\d\d\/)?part\.parquet$/,
} as const;
export type Prefix = keyof typeof NAMES;

const FILES_AT_ONCE = 200;
const BRING_BACK_BRONZE =
  'put it back from a copy; else move it out of the lake, and bring its records back from the stream while it holds them (npm run redeliver -- --stream)';
const REMEDIES: Readonly<Record<Prefix, string>> = {
  'bronze/events': BRING_BACK_BRONZE,
  log: 'put it back from a copy: nothing else has its rows as they were written; settled Silver has the same changes, from Bronze',
  silver: 'remove it: the next settle makes it again from Bronze',
  gold: 'remove it: the next settle makes it again from settled Silver',
};

/** The files of the lake that can be read, and what is wrong with the others. */
export interface FileCheck {
  readonly findings: readonly Finding[];
  readonly sound: Readonly<Record<Prefix, readonly string[]>>;
}

/**
 * Looks at every file below the four prefixes: its name, whether it is a whole Parquet file, and with `pages`, whether each page of it can be
 * read. Settled and Gold files are compared with the sums that settle's manifest has of them.
 */
export async function checkFiles(
  db: Database,
  lake: LakeFolder,
  manifest: Manifest,
  { pages }: { pages: boolean },
): Promise<FileCheck> {
  const findings: Finding[] = [];
  const sound: Record<Prefix, string[]> = { 'bronze/events': [], log: [], silver: [], gold: [] };
  const sums = new Map(Object.values(manifest.content.made).flatMap(({ files }) => Object.entries(files)));
  for (const prefix of Object.keys(NAMES) as Prefix[]) {
    const named: string[] = [];
    for (const key of keysBelow(lake, prefix)) {
      const found = nameOrFooterFault(lake, prefix, key);
      if (found === null) named.push(key);
      else findings.push(found);
    }
    const unreadable = pages ? await unreadableFiles(db, lake, named) : new Map<string, string>();
    for (const key of named) {
      const why = unreadable.get(key);
      if (why !== undefined)
        findings.push(finding('unreadable_file', key, `it can't be read: ${why}`, REMEDIES[prefix]));
      else sound[prefix].push(key);
    }
    if (prefix === 'silver' || prefix === 'gold') {
      const made = sound[prefix].map((key) => [key, madeFault(lake, key, sums.get(key))] as const);
      findings.push(...made.flatMap(([, fault]) => (fault === null ? [] : [fault])));
      sound[prefix] = made.flatMap(([key, fault]) => (fault === null ? [key] : []));
    }
  }
  for (const key of [...sums.keys()].sort()) {
    if (existsSync(lake.path(key))) continue;
    findings.push(
      finding('deleted_file', key, 'settle made it, and it is gone', 'settle again: it is made from Bronze'),
    );
  }
  for (const [key, contents] of Object.entries(manifest.content.bronze)) {
    if (existsSync(lake.path(key))) continue;
    const holds = [...new Set(contents.map(({ kind, date }) => `${kind} of ${date}`))].join(', ');
    findings.push(
      finding('deleted_file', key, `settle has read it, and it is gone; it held ${holds}`, BRING_BACK_BRONZE),
    );
  }
  return { findings, sound };
}

function nameOrFooterFault(lake: LakeFolder, prefix: Prefix, key: string): Finding | null {
  if (!NAMES[prefix].test(key)) {
    const message = `no object of ${prefix}/ has such a name: it is none of the pipeline's`;
    return finding('foreign_file', key, message, 'move it out of the lake');
  }
  const fault = parquetFault(lake.path(key));
  return fault === null ? null : finding('truncated_file', key, `no whole Parquet file: ${fault}`, REMEDIES[prefix]);
}

function madeFault(lake: LakeFolder, key: string, sum: string | undefined): Finding | null {
  if (sum === undefined) {
    return finding('foreign_file', key, 'settle does not know that it made it', 'remove it, and settle again');
  }
  if (sumOf(lake.path(key)) === sum) return null;
  const remedy = key.startsWith('silver') ? REMEDIES.silver : REMEDIES.gold;
  return finding('changed_file', key, 'it is not what settle wrote: its SHA-256 differs', remedy);
}

/** Keys of all files below a prefix, sorted. */
export function keysBelow(lake: LakeFolder, prefix: string): string[] {
  if (!existsSync(lake.path(prefix))) return [];
  return readdirSync(lake.path(prefix), { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(lake.root, join(entry.parentPath, entry.name)))
    .sort();
}

/** Reads every page of the files, some at a time; only where that fails, one by one. Key → what DuckDB says. */
async function unreadableFiles(db: Database, lake: LakeFolder, keys: readonly string[]): Promise<Map<string, string>> {
  const unreadable = new Map<string, string>();
  const read = async (some: readonly string[]): Promise<void> => {
    const list = some.map((key) => literal(lake.path(key))).join(', ');
    await db.rows(
      `SELECT bit_xor(hash(f)) FROM read_parquet([${list}], union_by_name = true, hive_partitioning = false) AS f`,
    );
  };
  for (let from = 0; from < keys.length; from += FILES_AT_ONCE) {
    const some = keys.slice(from, from + FILES_AT_ONCE);
    try {
      await read(some);
    } catch {
      for (const key of some) {
        await read([key]).catch((error: Error) =>
          unreadable.set(key, (error.message.split('\n')[0] ?? '').slice(0, 200)),
        );
      }
    }
  }
  return unreadable;
}

/** As LakeFolder sums what it writes. */
export const sumOf = (file: string): string =>
  createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 32);
