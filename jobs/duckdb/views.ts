import { type Columns, LOG_COLUMNS, TABLES } from '../tables.ts';
import type { Database } from './connection.ts';
import type { LakeFolder } from './lake-folder.ts';
import { BRONZE_COLUMNS, parquetRelation, queryText } from './relation.ts';
import { reloadRanges, reloadsQuery } from './reloads.ts';

const pick = (...names: string[]): string => names.join(', ');
/** A readable instant beside its `_ms` column. */
const instant = (name: string): string => `timestamp_millis(${name}_ms) AS ${name}`;

const EVENT = pick('system_id', 'station_id', instant('slot'), 'content_hash');
const STREAM = pick(
  instant('fetched_at'),
  instant('feed_updated'),
  instant('arrived_at'),
  'lane',
  'part',
  'shard_id',
  'sequence_number',
  'line',
  'slot_ms',
  'fetched_at_ms',
  'feed_updated_ms',
  'arrived_at_ms',
);

/** Views of Bronze by kind, with readable times beside those in ms: the rows that count. What a reload superseded is in bronze.events alone. */
const BRONZE_VIEWS: Readonly<Record<string, string>> = {
  'bronze.station_status': `SELECT ${EVENT}, num_bikes_available, num_bikes_disabled, num_docks_available, num_docks_disabled,
    capacity, is_installed, is_renting, is_returning, vehicle_types, ${instant('last_reported')}, flags, ${STREAM}, last_reported_ms, raw
    FROM counted WHERE kind = 'status'`,
  'bronze.station_information': `SELECT ${EVENT}, name, lat, lon, capacity, region_id, flags, ${STREAM}, raw
    FROM counted WHERE kind = 'information'`,
  'bronze.polls': `SELECT system_id, feed, ${instant('slot')}, group_id, status, reason, http_code, fetched, accepted, rejected,
    repeated, rejected_reasons, bytes, latency_ms, ${instant('basis_slot')}, ${STREAM}, basis_slot_ms
    FROM counted WHERE kind = 'receipt'`,
};

const LOG_VALUES = Object.keys(LOG_COLUMNS).filter((name) => !['row_kind', 'next_date', 'head'].includes(name));
const BATCH = [
  'shard_id',
  'first_sequence',
  'last_sequence',
  'records',
  'newest_slots',
  'fresh',
  'unchanged',
  'duplicate',
  'late',
];
const CHANGE = LOG_VALUES.filter((name) => !BATCH.includes(name));

const SILVER_VIEWS: Readonly<Record<string, string>> = {
  'silver.batches': `SELECT lane, version, ${BATCH.join(', ')} FROM silver.log WHERE row_kind = 'batch'`,
  'silver.changes': `SELECT ${CHANGE.join(', ')} FROM silver.log WHERE row_kind = 'change'`,
};

/**
 * The schemas bronze, silver and gold over a lake as it is now. Each table is there also before it has rows, with its columns.
 * Files that come later are not seen by views that are made now.
 */
export async function createViews(db: Database, lake: LakeFolder): Promise<void> {
  for (const schema of ['bronze', 'silver', 'gold']) await db.run(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
  const view = (name: string, query: string): Promise<void> => db.run(`CREATE OR REPLACE VIEW ${name} AS ${query}`);
  const stored = (columns: Columns, prefix: string): string =>
    parquetRelation(
      columns,
      lake.parquetKeys(prefix).map((key) => lake.path(key)),
    );
  await view('bronze.events', stored(BRONZE_COLUMNS, 'bronze/events'));
  await view('silver.log', stored(LOG_COLUMNS, 'log'));
  for (const { name, columns } of TABLES) await view(name, stored(columns, name.replace('.', '/')));
  await view('bronze.reloads', reloadsQuery(reloadRanges(lake)));
  const counted = `WITH bronze_all AS (SELECT * FROM bronze.events), reloads AS (SELECT * FROM bronze.reloads),
    counted AS (${queryText('settle/00_bronze_window')})`;
  for (const [name, query] of Object.entries(BRONZE_VIEWS)) await view(name, `${counted} ${query}`);
  for (const [name, query] of Object.entries(SILVER_VIEWS)) await view(name, query);
  await view(
    'gold.ledger_lanes',
    `WITH stream_records AS (SELECT * FROM silver.records), log_batches AS (SELECT * FROM silver.batches),
       batch_ranges AS (${queryText('ledger/batch_ranges')})
     SELECT * FROM (${queryText('ledger/ledger_lanes')})`,
  );
}

/** Names of all tables, by schema. */
export async function tableNames(db: Database): Promise<string[]> {
  const rows = await db.rows<{ name: string }>(
    `SELECT schema_name || '.' || view_name AS name FROM duckdb_views() WHERE schema_name IN ('bronze', 'silver', 'gold') ORDER BY name`,
  );
  return rows.map((row) => row.name);
}
