'use strict';
// The texts of jobs/sql that Athena takes as well, bound to its tables. What is Trino's own, and what is translated, stands here alone.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const VIEWS = require('../../jobs/sql/views/views.json');

const SQL = join(__dirname, '../../jobs/sql');

/** A view can't have a column of an instant: Hive has no such type. In Athena all times are UTC, without a zone. */
const UTC = 'timestamp(3)';
/** Spark's names that Trino has not, each with one argument that is a column. */
const TRANSLATIONS = [[/\btimestamp_millis\((\w+)\)/g, `CAST(from_unixtime($1 / 1000e0) AS ${UTC})`]];

/** A text of jobs/sql in Trino's words, without its comments. */
function trinoText(name) {
  const lines = readFileSync(join(SQL, `${name}.sql`), 'utf8').split('\n');
  const text = lines.filter((line) => !line.startsWith('--')).join('\n');
  return TRANSLATIONS.reduce((sql, [pattern, words]) => sql.replace(pattern, words), text).trim();
}

/** silver.station_status as views read it: Iceberg's instants as times in UTC. */
const STATION_STATUS = [
  ...['system_id', 'station_id', 'content_hash', 'num_bikes_available', 'num_bikes_disabled', 'num_docks_available'],
  ...['num_docks_disabled', 'capacity', 'is_installed', 'is_renting', 'is_returning', 'vehicle_types', 'flags'],
  ...['is_change', 'event_date'],
  ...['last_reported', 'valid_from', 'last_slot'].map((name) => `CAST(${name} AS ${UTC}) AS ${name}`),
].join(', ');

/** The rows of a table as the input of a view. */
function rowsOf(table, tableName) {
  // What a reload wrote stands beside what was polled, and which counts is settled; here is what came through the stream, and what requeue brought.
  if (table === 'bronze.events') return `SELECT * FROM ${tableName(table)} WHERE strpos(shard_id, '@') = 0`;
  if (table === 'silver.station_status') return `SELECT ${STATION_STATUS} FROM ${tableName(table)}`;
  return `SELECT * FROM ${tableName(table)}`;
}

/** The rejects of quarantine, one row each, without the bytes. Where there is no Athena, quarantine is read by requeue. */
const REJECTS = (
  tableName,
) => `SELECT system_id, CAST(from_unixtime(slot_ms / 1000e0) AS ${UTC}) AS slot, feed, reason, place, pieces, dt, hh
FROM ${tableName('bronze.quarantine')}
WHERE piece = 1`;

/**
 * Statements that make the views, in an order in which they can be made. `databases`: names by stage.
 * Views of Bronze have its partition too, dt and hh, so that a query can say how much is scanned.
 */
function viewStatements(databases) {
  const tableName = (name) => name.replace(/^(\w+)\./, (_, schema) => `${databases[schema]}.`);
  const make = (view, query) => `CREATE OR REPLACE VIEW ${tableName(view)} AS\n${query}`;
  return [
    ...VIEWS.map(({ view, inputs }) => {
      const text = trinoText(`views/${view.replace('.', '_')}`);
      const shown = view.startsWith('bronze.') ? text.replace('\nFROM counted', ', dt, hh\nFROM counted') : text;
      const bound = Object.entries(inputs).map(([input, table]) => `${input} AS (${rowsOf(table, tableName)})`);
      // The text's own WITH, if it has one, goes on with what is bound.
      const body = shown.startsWith('WITH ') ? `, ${shown.slice('WITH '.length)}` : `\n${shown}`;
      return make(view, `WITH ${bound.join(', ')}${body}`);
    }),
    make('bronze.rejects', REJECTS(tableName)),
  ];
}

const GATE_COLUMNS = [
  ...['kind', 'feed', 'system_id', 'slot_ms', 'fetched_at_ms', 'part', 'shard_id', 'sequence_number', 'line'],
  ...['group_id', 'accepted'],
].join(', ');
const text = (value) => `'${value.replaceAll("'", "''")}'`;

/**
 * The gate's query, and how many times it wants the scheduled instant (ISO 8601, as a literal) as a parameter: the day is the one before.
 * A file may hold rows of the hour after its name's, and receipts from after the day arrive on the next: so three ranges of partitions,
 * each by constants alone, so that Athena lists and reads no other.
 */
function gateQuery(group_ids, databases) {
  const midnight = `date_trunc('day', from_iso8601_timestamp(?) AT TIME ZONE 'UTC')`;
  const date = (days) => `date_format(date_add('day', ${days}, ${midnight}), '%Y-%m-%d')`;
  const ms = (instant) => `CAST(to_unixtime(${instant}) * 1000 AS bigint)`;
  const range = (dt, hours = '') => `SELECT ${GATE_COLUMNS} FROM ${databases.bronze}.events WHERE dt = ${dt}${hours}`;
  const bound = [
    `day AS (SELECT ${ms(`date_add('day', -1, ${midnight})`)} AS start_ms, ${ms(midnight)} AS end_ms)`,
    `clock AS (SELECT ${ms('now()')} AS now_ms)`,
    // A plan may be empty, VALUES may not.
    `poll_groups AS (SELECT group_id FROM (VALUES ${['', ...group_ids].map((id) => `(${text(id)})`).join(', ')}) AS v(group_id) WHERE group_id <> '')`,
    `bronze_all AS (\n${[range(date(-2), " AND hh = '23'"), range(date(-1)), range(date(0), " AND hh <= '02'")].join('\nUNION ALL\n')})`,
  ];
  const query = `WITH ${bound.join(',\n')},\n${trinoText('gate/ledger_gate').slice('WITH '.length)}`;
  return { query, parameters: query.split('?').length - 1 };
}

module.exports = { gateQuery, trinoText, viewStatements };
