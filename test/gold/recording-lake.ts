import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** A recording of `../shared/data/series`, and what the catalogue would say of its system. */
export interface RecordedSystem {
  readonly file: string;
  readonly system_id: string;
  readonly interval_s: number;
  readonly time_zone: string;
}

/** The fields of a station in the three recordings; the content is all but last_reported. */
const STATION = JSON.stringify([
  {
    station_id: 'VARCHAR',
    num_bikes_available: 'INT',
    num_bikes_disabled: 'INT',
    num_docks_available: 'INT',
    num_docks_disabled: 'INT',
    is_installed: 'VARCHAR',
    is_renting: 'VARCHAR',
    is_returning: 'VARCHAR',
    vehicle_types_available: 'VARCHAR',
    num_bikes_available_types: 'VARCHAR',
    last_reported: 'BIGINT',
  },
]);

const flag = (name: string): string => `s.${name} IN ('1', 'true') AS ${name}`;

/**
 * Writes the lake that a recording leaves behind: Bronze by arrival hour, one chunk and one receipt a poll, and the log as one
 * batch object a UTC day. It shares no code with the program: canonical values, content hash and changes are made here.
 */
export async function writeRecordingLake(root: string, { file, system_id, ...system }: RecordedSystem): Promise<void> {
  mkdirSync(root, { recursive: true });
  const instance = await DuckDBInstance.create(join(root, '..', 'load.duckdb'), {
    threads: '2',
    memory_limit: '1500MB',
  });
  const db = await instance.connect();
  await db.run(`SET TimeZone = 'UTC'; SET preserve_insertion_order = false`);
  await db.run(`CREATE TABLE documents AS
    SELECT epoch_ms(fetched_at) AS slot_ms, from_json(body -> '$.data.stations', '${STATION}') AS stations
    FROM read_json('${file}', format = 'newline_delimited', maximum_object_size = 4194304,
      columns = { fetched_at: 'TIMESTAMPTZ', body: 'JSON' })`);
  await db.run(`CREATE TABLE polls AS
    SELECT slot_ms, row_number() OVER (ORDER BY slot_ms) AS poll, len(stations) AS fetched FROM documents`);
  await db.run(`CREATE TABLE events AS
    WITH stations AS (SELECT slot_ms, unnest(stations) AS s, generate_subscripts(stations, 1) AS line FROM documents)
    SELECT slot_ms, poll, line, s.station_id AS station_id, s.num_bikes_available AS num_bikes_available,
      s.num_bikes_disabled AS num_bikes_disabled, s.num_docks_available AS num_docks_available,
      s.num_docks_disabled AS num_docks_disabled, ${flag('is_installed')}, ${flag('is_renting')}, ${flag('is_returning')},
      coalesce(s.vehicle_types_available, s.num_bikes_available_types) AS vehicle_types,
      s.last_reported * 1000 AS last_reported_ms, md5(CAST(struct_pack(a := s.num_bikes_available, b := s.num_bikes_disabled,
        c := s.num_docks_available, d := s.num_docks_disabled, e := s.is_installed, f := s.is_renting, g := s.is_returning,
        h := s.vehicle_types_available, i := s.num_bikes_available_types) AS VARCHAR))[1:16] AS content_hash
    FROM stations JOIN polls USING (slot_ms)`);
  const stream = (number: string): string =>
    `'shardId-000000000000' AS shard_id, '49' || lpad(CAST(${number} AS VARCHAR), 54, '0') AS sequence_number,
     slot_ms + 400 AS arrived_at_ms`;
  await db.run(`CREATE VIEW bronze AS
    SELECT 'status' AS kind, '${system_id}' AS system_id, station_id, slot_ms, content_hash, 'a' AS lane, 0 AS part,
      slot_ms AS fetched_at_ms, NULL::BIGINT AS feed_updated_ms, ${stream('2 * poll')}, line::INT AS line,
      num_bikes_available, num_bikes_disabled, num_docks_available, num_docks_disabled, NULL::INT AS capacity,
      is_installed, is_renting, is_returning, vehicle_types, last_reported_ms, NULL::VARCHAR AS flags, NULL::VARCHAR AS name,
      NULL::DOUBLE AS lat, NULL::DOUBLE AS lon, NULL::VARCHAR AS region_id, NULL::VARCHAR AS group_id, NULL::VARCHAR AS feed,
      NULL::VARCHAR AS status, NULL::INT AS http_code, NULL::INT AS fetched, NULL::INT AS accepted, NULL::INT AS rejected,
      NULL::INT AS repeated, NULL::VARCHAR AS rejected_reasons, NULL::BIGINT AS bytes, NULL::INT AS latency_ms,
      NULL::VARCHAR AS reason, NULL::BIGINT AS basis_slot_ms, '{}' AS raw
    FROM events
    UNION ALL BY NAME
    SELECT 'receipt' AS kind, '${system_id}' AS system_id, slot_ms, 0 AS part, slot_ms AS fetched_at_ms,
      ${stream('2 * poll + 1')}, 1 AS line, 'g' AS group_id, 'station_status' AS feed,
      CASE WHEN fetched > 0 THEN 'ok' ELSE 'failed' END AS status, 200 AS http_code, fetched::INT AS fetched,
      fetched::INT AS accepted, 0 AS rejected, 0 AS repeated, 1000::BIGINT AS bytes, 30 AS latency_ms,
      CASE WHEN fetched = 0 THEN 'empty_station_list' END AS reason
    FROM polls`);
  const hours = join(root, 'bronze', 'events');
  mkdirSync(hours, { recursive: true });
  await db.run(`COPY (
      SELECT *, strftime(make_timestamp(arrived_at_ms * 1000), '%Y-%m-%d') AS dt, strftime(make_timestamp(arrived_at_ms * 1000), '%H') AS hh
      FROM bronze) TO '${hours}' (FORMAT parquet, COMPRESSION gzip, PARTITION_BY (dt, hh), OVERWRITE_OR_IGNORE true)`);
  await db.run(`CREATE TABLE changes AS SELECT *, strftime(make_timestamp(slot_ms * 1000), '%Y-%m-%d') AS dt FROM (
      SELECT *, lag(content_hash) OVER (PARTITION BY station_id ORDER BY slot_ms) AS before FROM events)
    WHERE before IS DISTINCT FROM content_hash`);
  const days = await db.runAndReadAll(`SELECT strftime(make_timestamp(slot_ms * 1000), '%Y-%m-%d') AS dt,
      min(2 * poll) AS first, max(2 * poll) AS last, count(*) AS events, count(DISTINCT poll) AS records
    FROM events GROUP BY dt ORDER BY dt`);
  let version = 0;
  for (const [dt, first, last, events, records] of days.getRowsJson().map((row) => row.map(String))) {
    const folder = join(root, 'log', 'lane=a', `event_date=${dt}`);
    mkdirSync(folder, { recursive: true });
    version += 2; // a turn before each batch
    await db.run(`COPY (
      SELECT 'batch' AS row_kind, 'a' AS lane, ${version}::BIGINT AS version, NULL::VARCHAR AS kind, NULL::VARCHAR AS system_id,
        NULL::VARCHAR AS station_id, NULL::INT AS part, NULL::TIMESTAMPTZ AS slot, NULL::TIMESTAMPTZ AS fetched_at,
        NULL::VARCHAR AS content_hash, NULL::INT AS num_bikes_available, NULL::VARCHAR AS vehicle_types,
        'shardId-000000000000' AS shard_id, '49' || lpad('${first}', 54, '0') AS first_sequence,
        '49' || lpad('${last}', 54, '0') AS last_sequence, ${records}::INT AS records, '{}' AS newest_slots,
        (SELECT count(*) FROM changes WHERE dt = '${dt}')::INT AS fresh,
        (${events} - (SELECT count(*) FROM changes WHERE dt = '${dt}'))::INT AS unchanged, 0 AS duplicate, 0 AS late
      UNION ALL BY NAME
      SELECT 'change' AS row_kind, 'a' AS lane, ${version}::BIGINT AS version, 'status' AS kind, '${system_id}' AS system_id,
        station_id, 0 AS part, make_timestamptz(slot_ms * 1000) AS slot, make_timestamptz(slot_ms * 1000) AS fetched_at,
        content_hash, num_bikes_available, vehicle_types
      FROM changes WHERE dt = '${dt}') TO '${join(folder, `${String(version).padStart(12, '0')}.parquet`)}' (FORMAT parquet)`);
  }
  writePlan(root, [{ system_id, ...system }]);
  instance.closeSync();
  rmSync(join(root, '..', 'load.duckdb'));
}

/** `config/plan.json` with these systems in one group. */
export function writePlan(
  root: string,
  systems: readonly { readonly system_id: string; readonly interval_s: number; readonly time_zone: string }[],
): void {
  mkdirSync(join(root, 'config'), { recursive: true });
  const planned = systems.map((s) => ({ ...s, kind: 'gbfs', url: 'https://feed.example/gbfs.json', lanes: ['a'] }));
  writeFileSync(
    join(root, 'config', 'plan.json'),
    JSON.stringify({ format: 1, groups: [{ group_id: 'g', interval_s: 60, systems: planned }] }),
  );
}
