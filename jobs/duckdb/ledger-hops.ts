import {
  AUDIT_DAILY,
  FEED_QUALITY_DAILY,
  LEDGER_DAILY,
  LEDGER_LANES_DAILY,
  POLLS,
  RECORDS,
  STATION_INFORMATION,
  STATION_STATUS,
  type Table,
} from '../tables.ts';
import type { Answer, Database } from './connection.ts';
import { daysAfter, startOf } from './days.ts';
import type { LakeFolder } from './lake-folder.ts';
import { keepLog, type LogFile } from './log-files.ts';
import { BRONZE_COLUMNS, literal, parquetRelation, queryText } from './relation.ts';

/** What the ledger is asked for; null: all. */
export interface Asked {
  readonly system_id: string | null;
  readonly date: string | null;
}

/** A poll whose two sides differ, and the objects that hold what is there of it. */
export interface OddPoll {
  readonly system_id: string;
  readonly feed: string;
  readonly slot: string;
  readonly status: string | null;
  readonly fetched: number | null;
  readonly accepted: number | null;
  readonly rejected: number | null;
  readonly repeated: number | null;
  readonly bronze_events: number;
  readonly objects: readonly string[];
}

/** A change that stands on one side of the audit only. */
export interface OddChange {
  readonly side: 'missing' | 'extra';
  readonly kind: string;
  readonly system_id: string;
  readonly station_id: string;
  readonly slot: string;
  readonly content_hash: string;
  /** The log object that has the row; null where it is missing. */
  readonly object: string | null;
}

const SHOWN = 20;

/** Binds `polls`, `records`, … and the log's batches, for the questions below; a settled lake is read. */
export class Hops {
  readonly #db: Database;
  readonly #lake: LakeFolder;
  readonly #log: readonly LogFile[];
  readonly #asked: Asked;
  readonly #first_open: string | null;

  private constructor(
    db: Database,
    lake: LakeFolder,
    log: readonly LogFile[],
    asked: Asked,
    first_open: string | null,
  ) {
    this.#db = db;
    this.#lake = lake;
    this.#log = log;
    this.#asked = asked;
    this.#first_open = first_open;
  }

  /** `first_open`: the first date that waits; what the log has from it on is not counted. null: none does. */
  static async of(
    db: Database,
    lake: LakeFolder,
    all: readonly LogFile[],
    asked: Asked,
    first_open: string | null,
  ): Promise<Hops> {
    const log = all.filter(({ date }) => first_open === null || date < first_open);
    const hops = new Hops(db, lake, log, asked, first_open);
    const columns = 'lane, shard_id, first_sequence, last_sequence, fresh, unchanged, duplicate, late';
    await keepLog(db, lake, log, 'log_batches', (rows) => `SELECT ${columns} FROM (${rows}) WHERE row_kind = 'batch'`);
    await db.run(`CREATE OR REPLACE TEMPORARY TABLE batch_ranges AS ${queryText('ledger/batch_ranges')}`);
    await db.run(`CREATE OR REPLACE TEMPORARY VIEW stream_records AS ${hops.#table(RECORDS)}`);
    await db.run(`CREATE OR REPLACE TEMPORARY VIEW lane_days AS ${hops.#table(LEDGER_LANES_DAILY)}`);
    await db.run(
      `CREATE OR REPLACE TEMPORARY VIEW horizon AS SELECT DATE '${first_open ?? '9999-12-31'}' AS first_open`,
    );
    return hops;
  }

  /** Polls of each feed and day: how many the interval asks for, and what became of them. */
  polls(): Promise<Answer> {
    return this.#db.answer(`SELECT l.system_id AS system, CAST(l.event_date AS STRING) AS day, replace(l.feed, 'station_', '') AS feed,
        q.polls_expected AS expected, coalesce(q.polls_made, 0) AS made, coalesce(q.polls_ok, 0) AS ok,
        coalesce(q.polls_not_modified, 0) AS same, coalesce(q.polls_failed, 0) AS failed,
        coalesce(q.polls_skipped + q.polls_breaker_open, 0) AS not_run,
        greatest(coalesce(q.polls_expected - q.polls_made, 0), 0) AS no_receipt, q.longest_gap_seconds AS gap_s, q.failed_reasons AS why
      FROM (${this.#table(LEDGER_DAILY)}) AS l
      LEFT JOIN (${this.#table(FEED_QUALITY_DAILY)}) AS q
        ON q.system_id = l.system_id AND q.feed = l.feed AND q.event_date = l.event_date
      WHERE ${this.#where('l.')} ORDER BY ALL`);
  }

  /** From the fetched records to the distinct events of Bronze. */
  bronze(): Promise<Answer> {
    return this.#db.answer(`SELECT system_id AS system, CAST(event_date AS STRING) AS day, replace(feed, 'station_', '') AS feed,
        fetched, accepted, rejected, repeated, bronze_rows AS rows, bronze_events AS events, bronze_rows - bronze_events AS doubles,
        polls_without_receipt AS no_receipt, receipt_difference + bronze_difference AS difference
      FROM (${this.#table(LEDGER_DAILY)}) WHERE ${this.#where()} ORDER BY ALL`);
  }

  /** From the lines of Bronze to what the log consumed, by lane and shard; of the whole lake. */
  lanes(): Promise<Answer> {
    // From the log itself, unless days wait: what the log has of them can't be told from what it has of the days before by its batches alone.
    const lanes = queryText(this.#first_open === null ? 'ledger/ledger_lanes' : 'ledger/ledger_lanes_until');
    return this.#db.answer(`SELECT l.lane, replace(l.shard_id, 'shardId-', '') AS shard, l.lines, l.consumed,
        b.fresh, b.unchanged, b.duplicate, b.late, l.given_up, l.redriven, l.pending, l.difference
      FROM (${lanes}) AS l
      LEFT JOIN (SELECT lane, shard_id, ${['fresh', 'unchanged', 'duplicate', 'late'].map((name) => `CAST(sum(${name}) AS BIGINT) AS ${name}`).join(', ')}
        FROM log_batches GROUP BY lane, shard_id) AS b ON b.lane = l.lane AND b.shard_id = l.shard_id
      ORDER BY ALL`);
  }

  /** Settled observations, spans and changes of each kind and day, and the log's changes beside them. */
  settled(): Promise<Answer> {
    const spans = [STATION_STATUS, STATION_INFORMATION].map(
      (
        table,
        i,
      ) => `SELECT system_id, event_date, '${i === 0 ? 'status' : 'information'}' AS kind, CAST(sum(observations) AS BIGINT) AS seen,
        count(*) AS spans, count_if(is_change) AS changes FROM (${this.#table(table)}) GROUP BY ALL`,
    );
    return this.#db.answer(`SELECT coalesce(s.system_id, a.system_id) AS system, CAST(coalesce(s.event_date, a.event_date) AS STRING) AS day,
        coalesce(s.kind, a.kind) AS kind, coalesce(s.seen, 0) AS observations, coalesce(s.spans, 0) AS spans,
        coalesce(s.changes, 0) AS changes, coalesce(a.log_changes, 0) AS in_log, coalesce(a.missing, 0) AS missing,
        coalesce(a.extra, 0) AS extra, coalesce(a.missing_explained + a.extra_explained, 0) AS explained
      FROM (${spans.join(' UNION ALL ')}) AS s
      FULL JOIN (${this.#table(AUDIT_DAILY)}) AS a ON a.system_id = s.system_id AND a.kind = s.kind AND a.event_date = s.event_date
      WHERE ${this.#where().replaceAll('system_id', 'coalesce(s.system_id, a.system_id)').replaceAll('event_date', 'coalesce(s.event_date, a.event_date)')}
      ORDER BY ALL`);
  }

  /** The first polls with a difference, and the Bronze files that hold something of them. */
  async oddPolls(files: readonly string[]): Promise<OddPoll[]> {
    const polls = await this.#db.rows<Omit<OddPoll, 'objects'> & { slot_ms: number }>(
      `SELECT system_id, feed, slot, status, fetched, accepted, rejected, repeated, bronze_events, unix_millis(slot) AS slot_ms
       FROM (${this.#table(POLLS)}) WHERE (receipt_difference > 0 OR bronze_difference > 0) AND ${this.#where()}
       ORDER BY slot, system_id, feed LIMIT ${SHOWN}`,
    );
    const found: OddPoll[] = [];
    for (const { slot_ms, ...poll } of polls)
      found.push({ ...poll, objects: await this.#objectsOf(files, poll, slot_ms) });
    return found;
  }

  /** Files are looked at by the day of their folder: a row lies in that of its arrival, which is soon after its slot. */
  async #objectsOf(files: readonly string[], poll: Omit<OddPoll, 'objects'>, slot_ms: number): Promise<string[]> {
    const date = new Date(slot_ms).toISOString().slice(0, 10);
    const near = files.filter((key) =>
      [date, daysAfter(date, 1), daysAfter(date, -1)].some((d) => key.includes(`/dt=${d}/`)),
    );
    const { kind, system_id, slot_ms: slot } = BRONZE_COLUMNS;
    const columns = { kind, system_id, slot_ms: slot, filename: 'STRING' } as typeof BRONZE_COLUMNS;
    const names: string[] = [];
    for (let from = 0; from < near.length; from += 500) {
      const paths = near.slice(from, from + 500).map((key) => this.#lake.path(key));
      const rows = await this.#db.rows<{ filename: string }>(
        `SELECT DISTINCT filename FROM (${parquetRelation(columns, paths, ', filename = true')})
         WHERE slot_ms = ${slot_ms} AND system_id = ${literal(poll.system_id)} AND kind IN ('receipt', ${literal(poll.feed.replace('station_', ''))})`,
      );
      names.push(...rows.map(({ filename }) => filename.slice(this.#lake.root.length + 1)));
    }
    return names.sort();
  }

  /** The first changes that are missing in the log, or stand there and are none, on days where the audit finds some that nothing explains. */
  async oddChanges(): Promise<OddChange[]> {
    const days = await this.#db.rows<{ date: string }>(
      `SELECT DISTINCT CAST(event_date AS STRING) AS date FROM (${this.#table(AUDIT_DAILY)}) WHERE missing + extra > 0 AND ${this.#where()} ORDER BY date`,
    );
    const found: OddChange[] = [];
    for (const { date } of days) {
      if (found.length >= SHOWN) break;
      found.push(...(await this.#oddOf(date)));
    }
    return found.slice(0, SHOWN);
  }

  async #oddOf(date: string): Promise<OddChange[]> {
    const from_ms = startOf(date);
    const key = 'kind, system_id, station_id, unix_millis(slot) AS slot_ms, content_hash';
    await keepLog(this.#db, this.#lake, this.#log.filter((file) => file.date >= date), 'day_log',
      (rows) => `SELECT ${key}, lane, version FROM (${rows}) WHERE row_kind = 'change' AND unix_millis(slot) >= ${from_ms} AND unix_millis(slot) < ${startOf(daysAfter(date, 1))}`); // biome-ignore format: one query
    const spans = [STATION_STATUS, STATION_INFORMATION].map(
      (
        table,
        i,
      ) => `SELECT '${i === 0 ? 'status' : 'information'}' AS kind, system_id, station_id, unix_millis(valid_from) AS slot_ms, content_hash
        FROM (${this.#table(table)}) WHERE is_change AND event_date = DATE '${date}'`,
    );
    const rows = await this.#db.rows<OddChange & { lane: string | null; version: number | null }>(
      `SELECT CASE WHEN l.lane IS NULL THEN 'missing' ELSE 'extra' END AS side, coalesce(l.kind, s.kind) AS kind,
         coalesce(l.system_id, s.system_id) AS system_id, coalesce(l.station_id, s.station_id) AS station_id,
         timestamp_millis(coalesce(l.slot_ms, s.slot_ms)) AS slot, coalesce(l.content_hash, s.content_hash) AS content_hash, l.lane, l.version
       FROM (SELECT *, row_number() OVER (PARTITION BY kind, system_id, station_id, slot_ms, content_hash ORDER BY version) AS n FROM day_log) AS l
       FULL JOIN (SELECT *, 1 AS n FROM (${spans.join(' UNION ALL ')})) AS s
         ON s.kind = l.kind AND s.system_id = l.system_id AND s.station_id = l.station_id AND s.slot_ms = l.slot_ms
           AND s.content_hash = l.content_hash AND s.n = l.n
       WHERE (l.lane IS NULL OR s.kind IS NULL) ${this.#asked.system_id === null ? '' : `AND coalesce(l.system_id, s.system_id) = ${literal(this.#asked.system_id)}`}
       ORDER BY slot, system_id, station_id, side LIMIT ${SHOWN}`,
    );
    return rows.map(({ lane, version, ...change }) => ({
      ...change,
      object: this.#log.find((file) => file.lane === lane && file.version === version)?.key ?? null,
    }));
  }

  #table({ name, columns }: Table): string {
    return parquetRelation(
      columns,
      this.#lake.parquetKeys(name.replace('.', '/')).map((key) => this.#lake.path(key)),
    );
  }

  #where(prefix = ''): string {
    const { system_id, date } = this.#asked;
    return [
      'true',
      ...(system_id === null ? [] : [`${prefix}system_id = ${literal(system_id)}`]),
      ...(date === null ? [] : [`${prefix}event_date = DATE ${literal(date)}`]),
    ].join(' AND ');
  }
}
