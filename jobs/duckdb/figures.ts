import { join } from 'node:path';
import { AUDIT_DAILY, LEDGER_LANES_DAILY, POLLS, STATION_STATUS, type Table } from '../tables.ts';
import { Database } from './connection.ts';
import { firstOpen } from './days.ts';
import { LakeFolder } from './lake-folder.ts';
import { keepLog, logFiles } from './log-files.ts';
import { parquetRelation, queryText } from './relation.ts';

/**
 * The figures of a lake as it is stored, at the last settle. Polls are those of feed station_status, each counted once;
 * bronze, silver and settled figures are of kind status. fresh, unchanged, duplicate and late are the sums of the log's batches,
 * which don't tell the kinds apart: with information in the stream, fresh is more than silver_rows. With an instant, figures are of the days that
 * ended before it, but for silver_rows and the sums of batches, which are of the whole log.
 */
export interface Figures {
  readonly polls: number;
  readonly polls_failed: number;
  readonly fetched: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly repeated: number;
  /** Rows of Bronze, duplicates included. */
  readonly bronze_rows: number;
  /** Distinct (system, station, slot) of them. */
  readonly bronze_distinct: number;
  readonly silver_rows: number;
  readonly fresh: number;
  readonly unchanged: number;
  readonly duplicate: number;
  readonly late: number;
  readonly settled_spans: number;
  readonly settled_changes: number;
  /** Differences between settled days and log, of both kinds, that nothing explains. */
  readonly audit_missing: number;
  readonly audit_extra: number;
  /** Differences that late and given-up records explain. */
  readonly audit_explained: number;
  /** Lines of records that no batch of their lane and shard holds, although later ones were consumed. */
  readonly given_up: number;
  /** Lines among them whose records came again, and were consumed then. */
  readonly redriven: number;
  /** Lines of records that the log hadn't come to. */
  readonly pending: number;
  /** Polls of any feed that have events in Bronze and no receipt. */
  readonly polls_without_receipt: number;
  /** The sum of all differences between hops: fetched and its parts, accepted and Bronze, Bronze and the log's batches. 0: it balances. */
  readonly ledger_difference: number;
}

/**
 * Reads the figures of the lake `<state>/s3/<bucket>`; all 0 where there is nothing. `until`: days that end after this instant (ISO 8601, UTC) wait,
 * and what the log has of them is no difference.
 */
export async function figuresOf(root: string, { until = null }: { until?: string | null } = {}): Promise<Figures> {
  const lake = new LakeFolder(root);
  const spill_dir = join(lake.settle_dir, 'spill');
  await using db = await Database.open({ threads: 2, memory_mb: 384, spill_dir });
  const first_open = until === null ? '9999-12-31' : firstOpen(until);
  const table = ({ name, columns }: Table): string => {
    const rows = parquetRelation(
      columns,
      lake.parquetKeys(name.replace('.', '/')).map((key) => lake.path(key)),
    );
    return `SELECT * FROM (${rows}) WHERE event_date < DATE '${first_open}'`;
  };
  await keepLog(
    db,
    lake,
    logFiles(lake),
    'log_counts',
    (rows) => `SELECT fresh, unchanged, duplicate, late, row_kind
    FROM (${rows}) WHERE row_kind = 'batch' OR (row_kind = 'change' AND kind = 'status')`,
  );
  const silver = await one(
    db,
    `SELECT count_if(row_kind = 'change') AS silver_rows, ${sums('fresh', 'unchanged', 'duplicate', 'late')} FROM log_counts`,
  );
  await db.run(`CREATE TEMPORARY VIEW lane_days AS ${table(LEDGER_LANES_DAILY)}`);
  await db.run(`CREATE TEMPORARY VIEW horizon AS SELECT DATE '${first_open}' AS first_open`);
  const lanes = await one(
    db,
    `SELECT ${sums('given_up', 'redriven', 'pending', 'difference')} FROM (${queryText('ledger/ledger_lanes_until')})`,
  );
  const ledger = await one(
    db,
    `SELECT ${sums('receipt_difference', 'bronze_difference')}, count_if(status IS NULL) AS polls_without_receipt FROM (${table(POLLS)})`,
  );
  const polls = await one(
    db,
    `SELECT count_if(status IS NOT NULL) AS polls, count_if(status IN ('failed', 'skipped', 'breaker_open')) AS polls_failed,
      ${sums('fetched', 'accepted', 'rejected', 'repeated', 'bronze_rows')}, ${sums('bronze_events')}
     FROM (${table(POLLS)}) WHERE feed = 'station_status'`,
  );
  const settled = await one(
    db,
    `SELECT count(*) AS settled_spans, count_if(is_change) AS settled_changes FROM (${table(STATION_STATUS)})`,
  );
  const audit = await one(
    db,
    `SELECT ${sums('missing', 'extra')}, coalesce(sum(missing_explained + extra_explained), 0) AS explained FROM (${table(AUDIT_DAILY)})`,
  );
  const n = (row: Counts, name: string): number => row[name] ?? 0;
  return {
    polls: n(polls, 'polls'),
    polls_failed: n(polls, 'polls_failed'),
    fetched: n(polls, 'fetched'),
    accepted: n(polls, 'accepted'),
    rejected: n(polls, 'rejected'),
    repeated: n(polls, 'repeated'),
    bronze_rows: n(polls, 'bronze_rows'),
    bronze_distinct: n(polls, 'bronze_events'),
    silver_rows: n(silver, 'silver_rows'),
    fresh: n(silver, 'fresh'),
    unchanged: n(silver, 'unchanged'),
    duplicate: n(silver, 'duplicate'),
    late: n(silver, 'late'),
    settled_spans: n(settled, 'settled_spans'),
    settled_changes: n(settled, 'settled_changes'),
    audit_missing: n(audit, 'missing'),
    audit_extra: n(audit, 'extra'),
    audit_explained: n(audit, 'explained'),
    given_up: n(lanes, 'given_up'),
    redriven: n(lanes, 'redriven'),
    pending: n(lanes, 'pending'),
    polls_without_receipt: n(ledger, 'polls_without_receipt'),
    ledger_difference: n(ledger, 'receipt_difference') + n(ledger, 'bronze_difference') + n(lanes, 'difference'),
  };
}

type Counts = Readonly<Record<string, number>>;

const sums = (...names: string[]): string => names.map((name) => `coalesce(sum(${name}), 0) AS ${name}`).join(', ');

const one = async (db: Database, sql: string): Promise<Counts> => (await db.rows<Counts>(sql))[0] ?? {};
