import { createHash } from 'node:crypto';
import { findLake, queryLake } from '../../jobs/duckdb/query-lake.ts';

/** Figures that do not depend on how often a run was ended: what was polled twice is a duplicate, and counted as that. */
const FIGURES = [
  'polls', 'polls_failed', 'fetched', 'accepted', 'rejected', 'repeated', 'bronze_distinct', 'silver_rows', 'fresh',
  'settled_spans', 'settled_changes', 'audit_missing', 'audit_extra', 'given_up', 'pending', 'polls_without_receipt',
  'ledger_difference',
] as const; // biome-ignore format: a list

/** Rows whose sorted text is the same however a run came to its end. */
const ROWS = {
  'gold.station_hourly': 'SELECT * FROM gold.station_hourly ORDER BY ALL',
  'gold.system_daily': 'SELECT * FROM gold.system_daily ORDER BY ALL',
  'silver.station_status': 'SELECT * FROM silver.station_status ORDER BY ALL',
  'silver.changes': 'SELECT * EXCLUDE (version) FROM silver.changes ORDER BY ALL',
  'bronze.station_status':
    'SELECT DISTINCT system_id, station_id, slot, content_hash, raw FROM bronze.station_status ORDER BY ALL',
} as const;

/** What must come out of a replay, name → value: figures as numbers, rows as a hash. */
export type Prints = Readonly<Record<string, number | string>>;

export async function printsOf(dir: string, figures: Readonly<Record<string, number>>): Promise<Prints> {
  const prints: Record<string, number | string> = {};
  for (const name of FIGURES) prints[name] = figures[name] ?? Number.NaN;
  const lake = findLake(dir);
  for (const [name, sql] of Object.entries(ROWS)) {
    const { rows } = await queryLake(lake, sql);
    const sum = createHash('sha256').update(rows.map((row) => JSON.stringify(row)).join('\n'));
    prints[name] = `${rows.length} rows ${sum.digest('hex').slice(0, 16)}`;
  }
  return prints;
}

/** What differs, a line each. */
export function differences(expected: Prints, found: Prints): string[] {
  return Object.entries(expected)
    .filter(([name, value]) => !Object.is(found[name], value))
    .map(([name, value]) => `${name}: ${found[name]}, without a kill ${value}`);
}
