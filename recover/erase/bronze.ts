import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../../jobs/duckdb/connection.ts';
import type { LakeFolder } from '../../jobs/duckdb/lake-folder.ts';
import { BRONZE_COLUMNS, literal, parquetRelation } from '../../jobs/duckdb/relation.ts';
import { FatalError } from '../../lib/errors.ts';
import type { BatchObject } from '../../lib/silver/state.ts';
import type { ReplacingStore } from '../objects.ts';
import type { ConsumedLine } from './log-object.ts';

const EVENTS = 'bronze/events';
const FILES_AT_ONCE = 500;
const ATTEMPTS = 5;
/** Sequence numbers are compared as text of one length. */
const DIGITS = 128;

export interface BronzeCounts {
  readonly bronze_files: number;
  readonly bronze_rows: number;
}

/** Bronze as far as it has something of one system: which files, and which lines of the stream. */
export class BronzeOfSystem implements AsyncDisposable {
  readonly #db: Database;
  readonly #room: string;
  readonly #lake: LakeFolder;
  readonly #system_id: string;
  readonly #progress: (done: number, total: number | null, what: string) => void;
  #hasLines = false;

  private constructor(
    db: Database,
    room: string,
    lake: LakeFolder,
    system_id: string,
    progress: (done: number, total: number | null, what: string) => void,
  ) {
    this.#db = db;
    this.#room = room;
    this.#lake = lake;
    this.#system_id = system_id;
    this.#progress = progress;
  }

  static async open(
    lake: LakeFolder,
    system_id: string,
    progress: (done: number, total: number | null, what: string) => void,
  ): Promise<BronzeOfSystem> {
    const room = mkdtempSync(join(tmpdir(), 'bikelake-erase-'));
    mkdirSync(join(room, 'files'));
    const db = await Database.open({ threads: 2, memory_mb: 640, spill_dir: join(room, 'spill') });
    return new BronzeOfSystem(db, room, lake, system_id, progress);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#db[Symbol.asyncDispose]();
    rmSync(this.#room, { recursive: true, force: true });
  }

  /** The lines of the system in the records that a batch consumed, each once, in the order of the stream. */
  async linesOf(lane: string, { shard_id, first_sequence, last_sequence }: BatchObject): Promise<ConsumedLine[]> {
    if (!this.#hasLines) await this.#keepLines();
    this.#hasLines = true;
    const [first, last] = [first_sequence, last_sequence].map((text) => literal(text.padStart(DIGITS, '0')));
    return this.#db.rows<ConsumedLine & object>(
      `SELECT sequence_number, kind, part, slot_ms, fetched_at_ms, station_id, content_hash FROM lines
       WHERE lane = ${literal(lane)} AND shard_id = ${literal(shard_id)} AND sequence BETWEEN ${first} AND ${last}
       ORDER BY sequence, line`,
    );
  }

  /** By where they lie in the stream, so that a batch's are beside each other: DuckDB passes over the rest by its statistics. */
  async #keepLines(): Promise<void> {
    await this.#db.run(`CREATE TEMPORARY TABLE found AS SELECT lane, shard_id, sequence_number, line, kind, part, slot_ms, fetched_at_ms,
      station_id, content_hash FROM (${parquetRelation(BRONZE_COLUMNS, [])})`);
    const keys = this.#lake.parquetKeys(EVENTS);
    for (let from = 0; from < keys.length; from += FILES_AT_ONCE) {
      this.#progress(from, keys.length, 'lines of the system in Bronze');
      const paths = keys.slice(from, from + FILES_AT_ONCE).map((key) => this.#lake.path(key));
      await this.#db.run(`INSERT INTO found SELECT lane, shard_id, sequence_number, line, kind, part, slot_ms, fetched_at_ms, station_id,
        content_hash FROM (${parquetRelation(BRONZE_COLUMNS, paths)})
        WHERE system_id = ${literal(this.#system_id)} AND kind <> 'receipt' AND lane IS NOT NULL`);
    }
    await this.#db.run(`CREATE TEMPORARY TABLE lines AS SELECT lane, shard_id, lpad(sequence_number, ${DIGITS}, '0') AS sequence, line,
      any_value(sequence_number) AS sequence_number, any_value(kind) AS kind, any_value(part) AS part, any_value(slot_ms) AS slot_ms,
      any_value(fetched_at_ms) AS fetched_at_ms, any_value(station_id) AS station_id, any_value(content_hash) AS content_hash
      FROM found GROUP BY ALL ORDER BY lane, shard_id, sequence, line`);
    await this.#db.run('DROP TABLE found');
  }

  /** Files that hold rows of the system, with how many. */
  async files(): Promise<Map<string, number>> {
    const held = new Map<string, number>();
    const keys = this.#lake.parquetKeys(EVENTS);
    for (let from = 0; from < keys.length; from += FILES_AT_ONCE) {
      this.#progress(from, keys.length, 'files of Bronze');
      const paths = keys.slice(from, from + FILES_AT_ONCE).map((key) => literal(this.#lake.path(key)));
      const rows = await this.#db.rows<{ filename: string; n: number }>(
        `SELECT filename, count(*) AS n FROM read_parquet([${paths.join(', ')}], union_by_name = true, hive_partitioning = false, filename = true)
         WHERE system_id = ${literal(this.#system_id)} GROUP BY filename`,
      );
      for (const { filename, n } of rows) held.set(filename.slice(this.#lake.root.length + 1), n);
    }
    return held;
  }

  /**
   * Replaces the files that hold rows of the system by files without them, under the same names and as they were read; one that holds nothing
   * else becomes one without rows, since settle asks for a file that it has seen.
   * Throws FatalError `file_changes` where somebody else goes on replacing one.
   */
  async erase(objects: ReplacingStore, dry_run: boolean): Promise<BronzeCounts> {
    const held = await this.files();
    let rows = 0;
    for (const [n, [key, count]] of [...held].entries()) {
      this.#progress(n, held.size, 'files of Bronze rewritten');
      rows += count;
      if (!dry_run) await this.#rewrite(objects, key);
    }
    return { bronze_files: held.size, bronze_rows: rows };
  }

  async #rewrite(objects: ReplacingStore, key: string): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const read = await objects.read(key);
      if (read === null) return;
      const file = join(this.#room, 'files', 'made.parquet');
      await this.#db.run(`COPY (
          SELECT * FROM read_parquet(${literal(this.#lake.path(key))}, hive_partitioning = false)
          WHERE system_id IS DISTINCT FROM ${literal(this.#system_id)}
        ) TO ${literal(file)} (FORMAT parquet, COMPRESSION gzip)`);
      if (await objects.replace(key, read.etag, readFileSync(file))) return;
    }
    throw new FatalError('bronze', 'file_changes', `${key} is replaced again and again: see who writes it`);
  }
}
