// What QuickSight keeps a copy of (SPICE), by Athena. Columns have the types of jobs/tables.ts, in QuickSight's words.

/** Days of hours that are kept: months of a large catalogue would be billions of rows. */
const HOURS_DAYS = 35;
/** Names and places change seldom; a month of settled days has all stations that are there. */
const NAMES_DAYS = 30;

/** QuickSight knows no instant with a zone, and Spark writes no other. */
const instant = (column) => `CAST(${column} AT TIME ZONE 'UTC' AS timestamp(3))`;
const since = (column, days) => `${column} >= current_date - INTERVAL '${days}' DAY`;

/**
 * The data sets: `of`, their table; `columns` as that table calls them; `joined`, columns from elsewhere with their types; `query`, for
 * a list of the columns, and names of the databases.
 */
const DATA_SETS = {
  station_hourly: {
    of: 'gold.station_hourly',
    columns: {
      system_id: 'STRING',
      station_id: 'STRING',
      hour: 'DATETIME',
      local_date: 'DATETIME',
      local_hour: 'INTEGER',
      observed_seconds: 'INTEGER',
      bike_seconds: 'INTEGER',
      empty_seconds: 'INTEGER',
      full_seconds: 'INTEGER',
      falls: 'INTEGER',
      rises: 'INTEGER',
      rentals_min: 'INTEGER',
      returns_min: 'INTEGER',
      changes: 'INTEGER',
    },
    joined: { station_name: 'STRING', lat: 'DECIMAL', lon: 'DECIMAL' },
    places: { lat: 'LATITUDE', lon: 'LONGITUDE' },
    lookback: { ColumnName: 'hour', Size: 3, SizeUnit: 'DAY' },
    query: (columns, { gold, silver }) =>
      `SELECT ${columns('h')}, i.station_name, i.lat, i.lon FROM ${gold}.station_hourly AS h LEFT JOIN (` +
      'SELECT system_id, station_id, max_by(name, valid_from) AS station_name, max_by(lat, valid_from) AS lat, max_by(lon, valid_from) AS lon ' +
      `FROM ${silver}.station_information WHERE ${since('event_date', NAMES_DAYS)} GROUP BY system_id, station_id) AS i ` +
      `ON i.system_id = h.system_id AND i.station_id = h.station_id WHERE ${since('h.event_date', HOURS_DAYS)}`,
  },
  system_daily: {
    of: 'gold.system_daily',
    columns: {
      system_id: 'STRING',
      date: 'DATETIME',
      stations: 'INTEGER',
      observed_seconds: 'INTEGER',
      empty_seconds: 'INTEGER',
      full_seconds: 'INTEGER',
      falls: 'INTEGER',
      rises: 'INTEGER',
      rentals_min: 'INTEGER',
      returns_min: 'INTEGER',
      rebalanced_out: 'INTEGER',
      rebalanced_in: 'INTEGER',
      changes: 'INTEGER',
      turnover: 'DECIMAL',
    },
    // A day is there twice, as UTC day and as local day.
    query: (columns, { gold }) => `SELECT ${columns('d')} FROM ${gold}.system_daily AS d WHERE d.day_kind = 'local'`,
  },
  station_profile: {
    of: 'gold.station_profile',
    columns: {
      system_id: 'STRING',
      station_id: 'STRING',
      hour_of_week: 'INTEGER',
      weeks: 'INTEGER',
      observed_seconds: 'INTEGER',
      bikes_mean: 'DECIMAL',
      occupancy_mean: 'DECIMAL',
      occupancy_p10: 'DECIMAL',
      occupancy_p50: 'DECIMAL',
      occupancy_p90: 'DECIMAL',
      empty_share: 'DECIMAL',
      full_share: 'DECIMAL',
    },
    query: (columns, { gold }) => `SELECT ${columns('p')} FROM ${gold}.station_profile AS p`,
  },
  feed_quality_daily: {
    of: 'gold.feed_quality_daily',
    columns: {
      system_id: 'STRING',
      feed: 'STRING',
      event_date: 'DATETIME',
      polls_expected: 'INTEGER',
      polls_made: 'INTEGER',
      polls_ok: 'INTEGER',
      polls_not_modified: 'INTEGER',
      polls_failed: 'INTEGER',
      polls_skipped: 'INTEGER',
      polls_breaker_open: 'INTEGER',
      longest_gap_seconds: 'INTEGER',
      rejected: 'INTEGER',
      bytes: 'INTEGER',
      latency_max_ms: 'INTEGER',
      stations_frozen: 'INTEGER',
    },
    query: (columns, { gold }) => `SELECT ${columns('q')} FROM ${gold}.feed_quality_daily AS q`,
  },
  poll_failures: {
    of: 'gold.feed_quality_daily',
    columns: { system_id: 'STRING', feed: 'STRING', event_date: 'DATETIME' },
    joined: { reason: 'STRING', polls: 'INTEGER' },
    // failed_reasons is JSON: reason → polls.
    query: (columns, { gold }) =>
      `SELECT ${columns('q')}, r.reason, r.polls FROM ${gold}.feed_quality_daily AS q ` +
      'CROSS JOIN UNNEST(CAST(json_parse(q.failed_reasons) AS map(varchar, bigint))) AS r (reason, polls) WHERE q.failed_reasons IS NOT NULL',
  },
  ledger_daily: {
    of: 'gold.ledger_daily',
    columns: {
      system_id: 'STRING',
      feed: 'STRING',
      event_date: 'DATETIME',
      polls: 'INTEGER',
      polls_without_receipt: 'INTEGER',
      fetched: 'INTEGER',
      accepted: 'INTEGER',
      rejected: 'INTEGER',
      repeated: 'INTEGER',
      bronze_events: 'INTEGER',
      receipt_difference: 'INTEGER',
      bronze_difference: 'INTEGER',
    },
    query: (columns, { gold }) => `SELECT ${columns('l')} FROM ${gold}.ledger_daily AS l`,
  },
  audit_daily: {
    of: 'gold.audit_daily',
    columns: {
      system_id: 'STRING',
      kind: 'STRING',
      event_date: 'DATETIME',
      settled_changes: 'INTEGER',
      log_changes: 'INTEGER',
      missing: 'INTEGER',
      extra: 'INTEGER',
      missing_explained: 'INTEGER',
      extra_explained: 'INTEGER',
    },
    query: (columns, { gold }) => `SELECT ${columns('a')} FROM ${gold}.audit_daily AS a`,
  },
  // Of trip files (docs/trips.md): without rows until somebody counts some.
  trips_daily: {
    of: 'gold.trips_daily',
    columns: {
      source: 'STRING',
      place_kind: 'STRING',
      place_id: 'STRING',
      place_name: 'STRING',
      trips: 'INTEGER',
      event_date: 'DATETIME',
    },
    query: (columns, { gold }) => `SELECT ${columns('t')} FROM ${gold}.trips_daily AS t`,
  },
};

/** Instants of Gold; its other DATETIMEs are dates, which have no zone. */
const INSTANTS = new Set(['hour']);

/** The query of a data set. `databases`: `{gold, silver}`. */
function sqlOf({ columns, query }, databases) {
  const list = (alias) =>
    Object.keys(columns)
      .map((name) => (INSTANTS.has(name) ? `${instant(`${alias}.${name}`)} AS ${name}` : `${alias}.${name}`))
      .join(', ');
  return query(list, databases);
}

module.exports = { DATA_SETS, sqlOf };
