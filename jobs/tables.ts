/**
 * The tables that settle writes: where each lies in the lake, and its columns with types in Spark's names. TIMESTAMP is an
 * instant (UTC). What is written is cast to these types, and a query sees them also where nothing was written yet.
 */
export type SqlType = 'STRING' | 'INT' | 'BIGINT' | 'DOUBLE' | 'BOOLEAN' | 'TIMESTAMP' | 'DATE';
export type Columns = Readonly<Record<string, SqlType>>;

export interface Table {
  /** `<schema>.<name>`, as a query names it; the folder in the lake is `<schema>/<name>`. */
  readonly name: string;
  /** `day`: one file for each UTC date, `event_date=<date>/part.parquet`; `file`: one for each input, `file_id=<id>/part.parquet`; `whole`: one file. */
  readonly partition: 'day' | 'file' | 'whole';
  readonly columns: Columns;
}

const STATUS = {
  num_bikes_available: 'INT',
  num_bikes_disabled: 'INT',
  num_docks_available: 'INT',
  num_docks_disabled: 'INT',
  capacity: 'INT',
  is_installed: 'BOOLEAN',
  is_renting: 'BOOLEAN',
  is_returning: 'BOOLEAN',
  vehicle_types: 'STRING',
  last_reported: 'TIMESTAMP',
  flags: 'STRING',
} as const satisfies Columns;

const INFORMATION = {
  name: 'STRING',
  lat: 'DOUBLE',
  lon: 'DOUBLE',
  capacity: 'INT',
  region_id: 'STRING',
  flags: 'STRING',
} as const satisfies Columns;

const STATION = { system_id: 'STRING', station_id: 'STRING' } as const satisfies Columns;
const FEED = { system_id: 'STRING', feed: 'STRING' } as const satisfies Columns;
const DATE = { event_date: 'DATE' } as const satisfies Columns;
const COUNTS = {
  fetched: 'BIGINT',
  accepted: 'BIGINT',
  rejected: 'BIGINT',
  repeated: 'BIGINT',
} as const satisfies Columns;

const SPAN = {
  valid_from: 'TIMESTAMP',
  last_slot: 'TIMESTAMP',
  valid_to: 'TIMESTAMP',
  observations: 'BIGINT',
  is_change: 'BOOLEAN',
  ...DATE,
} as const satisfies Columns;

const MOVES = {
  falls: 'BIGINT',
  rises: 'BIGINT',
  rentals_min: 'BIGINT',
  returns_min: 'BIGINT',
  rebalanced_out: 'BIGINT',
  rebalanced_in: 'BIGINT',
  changes: 'BIGINT',
} as const satisfies Columns;

const TOTALS = {
  stations: 'BIGINT',
  observed_seconds: 'BIGINT',
  bikes_mean: 'DOUBLE',
  empty_share: 'DOUBLE',
  full_share: 'DOUBLE',
  ...MOVES,
  turnover: 'DOUBLE',
  top_station_1: 'STRING',
  top_rentals_min_1: 'BIGINT',
  top_station_2: 'STRING',
  top_rentals_min_2: 'BIGINT',
  top_station_3: 'STRING',
  top_rentals_min_3: 'BIGINT',
  bike_seconds: 'BIGINT',
  empty_seconds: 'BIGINT',
  full_seconds: 'BIGINT',
  docks_observed_seconds: 'BIGINT',
  closed_seconds: 'BIGINT',
} as const satisfies Columns;

const daily = (name: string, columns: Columns): Table => ({ name, partition: 'day', columns });

export const STATION_STATUS = daily('silver.station_status', {
  ...STATION,
  content_hash: 'STRING',
  ...STATUS,
  ...SPAN,
});
export const STATION_INFORMATION = daily('silver.station_information', {
  ...STATION,
  content_hash: 'STRING',
  ...INFORMATION,
  ...SPAN,
});
export const STATION_LAST = daily('silver.station_last', {
  kind: 'STRING',
  ...STATION,
  last_slot: 'TIMESTAMP',
  content_hash: 'STRING',
  ...DATE,
});
export const POLLS = daily('silver.polls', {
  ...FEED,
  slot: 'TIMESTAMP',
  group_id: 'STRING',
  status: 'STRING',
  reason: 'STRING',
  http_code: 'INT',
  ...COUNTS,
  rejected_reasons: 'STRING',
  bytes: 'BIGINT',
  latency_ms: 'INT',
  fetched_at: 'TIMESTAMP',
  feed_updated: 'TIMESTAMP',
  basis_slot: 'TIMESTAMP',
  receipts: 'BIGINT',
  bronze_rows: 'BIGINT',
  bronze_events: 'BIGINT',
  receipt_difference: 'BIGINT',
  bronze_difference: 'BIGINT',
  ...DATE,
});
export const RECORDS = daily('silver.records', {
  kind: 'STRING',
  system_id: 'STRING',
  part: 'INT',
  lane: 'STRING',
  shard_id: 'STRING',
  sequence_number: 'STRING',
  slot: 'TIMESTAMP',
  fetched_at: 'TIMESTAMP',
  arrived_at: 'TIMESTAMP',
  bronze_rows: 'BIGINT',
  lines: 'BIGINT',
  is_first: 'BOOLEAN',
  /** A reload replaced its slot: it is here for the ledger of the lanes alone. */
  is_superseded: 'BOOLEAN',
  ...DATE,
});
export const EXPLANATIONS = daily('silver.explanations', {
  kind: 'STRING',
  ...STATION,
  slot: 'TIMESTAMP',
  is_open: 'BOOLEAN',
  ...DATE,
});

export const STATION_HOURLY = daily('gold.station_hourly', {
  ...STATION,
  hour: 'TIMESTAMP',
  observed_seconds: 'BIGINT',
  bikes_mean: 'DOUBLE',
  bikes_min: 'INT',
  bikes_max: 'INT',
  empty_seconds: 'BIGINT',
  full_seconds: 'BIGINT',
  closed_seconds: 'BIGINT',
  ...MOVES,
  bike_seconds: 'BIGINT',
  dock_seconds: 'BIGINT',
  local_date: 'DATE',
  local_hour: 'INT',
  ...DATE,
});
export const SYSTEM_HOURLY = daily('gold.system_hourly', {
  system_id: 'STRING',
  hour: 'TIMESTAMP',
  ...TOTALS,
  local_date: 'DATE',
  local_hour: 'INT',
  ...DATE,
});
export const SYSTEM_DAILY = daily('gold.system_daily', {
  system_id: 'STRING',
  day_kind: 'STRING',
  date: 'DATE',
  ...TOTALS,
  ...DATE,
});
export const STATION_PROFILE: Table = {
  name: 'gold.station_profile',
  partition: 'whole',
  columns: {
    ...STATION,
    hour_of_week: 'INT',
    weeks: 'BIGINT',
    observed_seconds: 'BIGINT',
    bikes_mean: 'DOUBLE',
    occupancy_mean: 'DOUBLE',
    occupancy_p10: 'DOUBLE',
    occupancy_p50: 'DOUBLE',
    occupancy_p90: 'DOUBLE',
    empty_share: 'DOUBLE',
    full_share: 'DOUBLE',
  },
};
export const FEED_QUALITY_DAILY = daily('gold.feed_quality_daily', {
  ...FEED,
  polls_expected: 'BIGINT',
  polls_made: 'BIGINT',
  polls_ok: 'BIGINT',
  polls_not_modified: 'BIGINT',
  polls_failed: 'BIGINT',
  polls_skipped: 'BIGINT',
  polls_breaker_open: 'BIGINT',
  polls_repeated: 'BIGINT',
  failed_reasons: 'STRING',
  longest_gap_seconds: 'BIGINT',
  ...COUNTS,
  rejected_reasons: 'STRING',
  bytes: 'BIGINT',
  latency_max_ms: 'INT',
  stations_frozen: 'BIGINT',
  ...DATE,
});
export const AUDIT_DAILY = daily('gold.audit_daily', {
  system_id: 'STRING',
  kind: 'STRING',
  settled_changes: 'BIGINT',
  log_changes: 'BIGINT',
  missing: 'BIGINT',
  extra: 'BIGINT',
  missing_explained: 'BIGINT',
  extra_explained: 'BIGINT',
  ...DATE,
});
export const LEDGER_DAILY = daily('gold.ledger_daily', {
  ...FEED,
  polls: 'BIGINT',
  polls_without_receipt: 'BIGINT',
  ...COUNTS,
  bronze_rows: 'BIGINT',
  bronze_events: 'BIGINT',
  receipt_difference: 'BIGINT',
  bronze_difference: 'BIGINT',
  ...DATE,
});

export const LEDGER_LANES_DAILY = daily('gold.ledger_lanes_daily', {
  lane: 'STRING',
  shard_id: 'STRING',
  /** Date of the log's folder that consumed the lines; null where no batch holds them. */
  chain_date: 'DATE',
  lines: 'BIGINT',
  consumed: 'BIGINT',
  given_up: 'BIGINT',
  pending: 'BIGINT',
  redriven: 'BIGINT',
  ...DATE,
});

export const TABLES: readonly Table[] = [
  STATION_STATUS,
  STATION_INFORMATION,
  STATION_LAST,
  POLLS,
  RECORDS,
  EXPLANATIONS,
  STATION_HOURLY,
  SYSTEM_HOURLY,
  SYSTEM_DAILY,
  STATION_PROFILE,
  FEED_QUALITY_DAILY,
  AUDIT_DAILY,
  LEDGER_DAILY,
  LEDGER_LANES_DAILY,
];

const TRIPS = {
  source: 'STRING',
  place_kind: 'STRING',
  place_id: 'STRING',
  place_name: 'STRING',
  trips: 'BIGINT',
  first_started_at: 'TIMESTAMP',
  last_started_at: 'TIMESTAMP',
  /** The local date of the start. */
  ...DATE,
} as const satisfies Columns;

export const TRIP_COUNTS: Table = {
  name: 'silver.trip_counts',
  partition: 'file',
  columns: { file_id: 'STRING', ...TRIPS },
};
export const TRIP_REJECTS: Table = {
  name: 'silver.trip_rejects',
  partition: 'file',
  columns: { file_id: 'STRING', reason: 'STRING', raw: 'STRING' },
};
export const TRIP_FILES: Table = {
  name: 'silver.trip_files',
  partition: 'whole',
  columns: {
    file_id: 'STRING',
    path: 'STRING',
    format: 'STRING',
    source: 'STRING',
    trips: 'BIGINT',
    rejected: 'BIGINT',
    /** Fingerprint of the SQL that counted it. */
    made_of: 'STRING',
  },
};
export const TRIPS_DAILY: Table = { name: 'gold.trips_daily', partition: 'whole', columns: TRIPS };

/** What `trips` makes of trip files (docs/trips.md); settle has no part in them. */
export const TRIP_TABLES: readonly Table[] = [TRIP_COUNTS, TRIP_REJECTS, TRIP_FILES, TRIPS_DAILY];

/** Columns of the Silver log that a query shows: all that a log object holds (lib/silver/object.ts). */
export const LOG_COLUMNS: Columns = {
  row_kind: 'STRING',
  lane: 'STRING',
  version: 'BIGINT',
  kind: 'STRING',
  ...STATION,
  part: 'INT',
  slot: 'TIMESTAMP',
  fetched_at: 'TIMESTAMP',
  content_hash: 'STRING',
  ...STATUS,
  ...INFORMATION,
  shard_id: 'STRING',
  first_sequence: 'STRING',
  last_sequence: 'STRING',
  records: 'INT',
  newest_slots: 'STRING',
  fresh: 'INT',
  unchanged: 'INT',
  duplicate: 'INT',
  late: 'INT',
  next_date: 'STRING',
  head: 'STRING',
};
