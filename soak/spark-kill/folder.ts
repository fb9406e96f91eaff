import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

/** What a file of the warehouse is to Iceberg and to the run. */
export type Kind = 'data' | 'manifest' | 'commit' | 'remembered' | 'report' | 'other';

export interface Found {
  /** Path in the warehouse, such as `silver/polls/metadata/v2.metadata.json`. */
  readonly path: string;
  readonly kind: Kind;
  /** `silver.polls`; empty for a file of no table. */
  readonly table: string;
}

const KINDS: readonly (readonly [Kind, RegExp])[] = [
  ['data', /\/data\/.*\.parquet$/],
  ['manifest', /\/metadata\/[^/]+\.avro$/],
  ['commit', /\/metadata\/v\d+\.metadata\.json$/],
  ['remembered', /^runs\/manifest\.json$/],
  ['report', /^runs\/[^/]+\.json$/],
];

/** Every file but checksums, which come and go with the file that they are of. */
export function filesOf(warehouse: string): Found[] {
  if (!existsSync(warehouse)) return [];
  const files: Found[] = [];
  for (const entry of readdirSync(warehouse, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.crc')) continue;
    const path = relative(warehouse, join(entry.parentPath, entry.name));
    files.push({ path, ...kindOf(path) });
  }
  return files;
}

function kindOf(path: string): Omit<Found, 'path'> {
  const kind = KINDS.find(([, pattern]) => pattern.test(path))?.[0] ?? 'other';
  return { kind, table: path.startsWith('runs/') ? '' : path.split('/').slice(0, 2).join('.') };
}

/** Checksums whose file is gone. */
export function strayChecksums(warehouse: string): string[] {
  return readdirSync(warehouse, { recursive: true, withFileTypes: true })
    .filter(({ name }) => name.endsWith('.crc'))
    .filter(({ parentPath, name }) => !existsSync(join(parentPath, basename(name, '.crc').slice(1))))
    .map(({ parentPath, name }) => relative(warehouse, join(parentPath, name)));
}

/** The file that was written last at or after an instant, in ms; null where none was. */
export function newest(warehouse: string, since_ms: number): Found | null {
  let found: Found | null = null;
  let newest_ns = BigInt(Math.floor(since_ms)) * 1_000_000n;
  for (const file of filesOf(warehouse)) {
    if (file.kind === 'other') continue;
    const at_ns = statSync(join(warehouse, file.path), { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? 0n;
    if (at_ns >= newest_ns) [found, newest_ns] = [file, at_ns];
  }
  return found;
}
