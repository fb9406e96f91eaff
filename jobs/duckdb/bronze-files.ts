import { BRONZE_FORMAT } from '../../lib/bronze/unpack.ts';
import { FatalError } from '../../lib/errors.ts';
import type { Kind } from '../../lib/event.ts';
import type { Database } from './connection.ts';
import type { LakeFolder } from './lake-folder.ts';
import type { BronzeContent, Manifest } from './manifest.ts';
import { parquetFault } from './parquet-fault.ts';
import { BRONZE_COLUMNS, parquetRelation } from './relation.ts';

const BRONZE_PREFIX = 'bronze/events';
const FILES_AT_ONCE = 500;

interface InventoryRow {
  readonly file: string;
  readonly date: string;
  readonly kind: Kind;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly first_basis_ms: number | null;
  readonly systems: readonly string[];
  readonly newest_format: number | null;
}

/** Bronze by the slots that its files hold. Files never change, so each is looked into once; the manifest remembers. Returns how many are new. Throws FatalError `unknown_bronze_format`. */
export async function accountForBronze(db: Database, lake: LakeFolder, manifest: Manifest): Promise<number> {
  const { bronze, systems } = manifest.content;
  const fresh = lake.parquetKeys(BRONZE_PREFIX).filter((key) => !(key in bronze));
  for (let from = 0; from < fresh.length; from += FILES_AT_ONCE) {
    const keys = fresh.slice(from, from + FILES_AT_ONCE);
    for (const key of keys) mustBeWhole(lake, key);
    const rows = await db.rows<InventoryRow>(inventoryQuery(keys.map((key) => lake.path(key))));
    refuseNewer(rows);
    const byFile = Map.groupBy(rows, (row) => row.file);
    for (const key of keys) {
      const own = byFile.get(lake.path(key)) ?? [];
      if (!own.every(isOfBronze)) {
        throw new Error(`${key} holds rows without kind or slot, and is no file of Bronze: move it out of the lake`);
      }
      bronze[key] = own.map(({ date, kind, first_ms, last_ms, first_basis_ms }) => ({
        date,
        kind,
        first_ms,
        last_ms,
        first_basis_ms,
      }));
      for (const row of own) systems[row.date] = [...new Set([...(systems[row.date] ?? []), ...row.systems])].sort();
    }
  }
  return fresh.length;
}

/** Any other Parquet file has null in the columns that it lacks. */
const isOfBronze = ({ date, kind }: { readonly date: string | null; readonly kind: Kind | null }): boolean =>
  date !== null && kind !== null;

/** One bad file would fail the whole list, and DuckDB doesn't always say which. */
export function mustBeWhole(lake: LakeFolder, key: string): void {
  const fault = parquetFault(lake.path(key));
  if (fault === null) return;
  throw new Error(
    `${key} is no whole Parquet file: ${fault}. Put it back from a copy, or move it out of the lake and look at npm run ledger, which names what is missing then`,
  );
}

/** Rows of a newer format may mean something else: settled as if they were known, they would be wrong in silence. */
function refuseNewer(rows: readonly InventoryRow[]): void {
  const newer = rows.find((row) => (row.newest_format ?? 0) > BRONZE_FORMAT);
  if (newer === undefined) return;
  const message = `${newer.file}: its rows are of format ${newer.newest_format}, this version reads 0 to ${BRONZE_FORMAT}: settle with the version that wrote them`;
  throw new FatalError('gold', 'unknown_bronze_format', message);
}

const inventoryQuery = (files: readonly string[]): string => `
  SELECT filename AS file, CAST(CAST(make_timestamp(slot_ms * 1000) AS DATE) AS VARCHAR) AS date, kind,
    min(slot_ms) AS first_ms, max(slot_ms) AS last_ms, min(basis_slot_ms) AS first_basis_ms,
    list(DISTINCT system_id) AS systems, max(format) AS newest_format
  FROM (${parquetRelation({ ...BRONZE_COLUMNS, filename: 'STRING' }, files, ', filename = true')})
  GROUP BY ALL`;

/** The earliest slot that the receipts of a date confirm; null where there is no 304. */
export function firstBasis(manifest: Manifest, date: string): number | null {
  const bases = Object.values(manifest.content.bronze).flatMap((contents) =>
    contents.flatMap((c) => (c.date === date && c.first_basis_ms !== null ? [c.first_basis_ms] : [])),
  );
  return bases.length === 0 ? null : Math.min(...bases);
}

/** Keys of the files with rows whose slots lie in [from_ms, until_ms) of their kind, sorted. */
export function bronzeKeys(manifest: Manifest, from_ms: number, until_ms: Readonly<Record<Kind, number>>): string[] {
  const holds = (c: BronzeContent): boolean => c.last_ms >= from_ms && c.first_ms < until_ms[c.kind];
  return Object.entries(manifest.content.bronze)
    .filter(([, contents]) => contents.some(holds))
    .map(([key]) => key)
    .sort();
}
