import { existsSync } from 'node:fs';
import type { ReloadRange } from '../../lib/gold/reload.ts';
import type { Table } from '../tables.ts';
import type { Database } from './connection.ts';
import type { Systems } from './feeds.ts';
import { type LakeFolder, partitionKey, type Written } from './lake-folder.ts';
import { fingerprint, type Manifest } from './manifest.ts';
import { parquetRelation, queryText } from './relation.ts';
import { reloadRanges } from './reloads.ts';

/** What the makers of tables share in one run of settle: a database, the lake, what was made before, and what is known of the systems. */
export class Workshop {
  readonly db: Database;
  readonly lake: LakeFolder;
  readonly manifest: Manifest;
  readonly systems: Systems;
  /** Slots that reloads replace, of the whole lake. */
  readonly reloads: readonly ReloadRange[];
  /** Names of what this run made anew. */
  readonly made: string[] = [];

  constructor(db: Database, lake: LakeFolder, manifest: Manifest, systems: Systems) {
    this.db = db;
    this.lake = lake;
    this.manifest = manifest;
    this.systems = systems;
    this.reloads = reloadRanges(lake);
  }

  /** Makes a thing unless it was made from the same inputs before and its files are still there. */
  async make(name: string, inputs: readonly unknown[], make: () => Promise<Written>): Promise<void> {
    const print = fingerprint(...inputs);
    const known = this.manifest.content.made[name];
    const isThere = Object.keys(known?.files ?? {}).every((key) => existsSync(this.lake.path(key)));
    if (known?.inputs === print && isThere) return;
    this.manifest.content.made[name] = { inputs: print, files: await make() };
    this.manifest.save();
    this.made.push(name);
  }

  /** Binds an input of the SQL: a temporary view of this name. */
  async bind(name: string, query: string): Promise<void> {
    await this.db.run(`CREATE OR REPLACE TEMPORARY VIEW ${name} AS ${query}`);
  }

  /** Binds the partitions of a table that exist; none is an empty view with its columns. */
  async bindTable(name: string, table: Table, dates: readonly string[]): Promise<void> {
    await this.bind(name, this.relation(table, dates));
  }

  relation(table: Table, dates: readonly string[]): string {
    const files = dates.map((date) => this.lake.path(partitionKey(table, date))).filter((file) => existsSync(file));
    return parquetRelation(table.columns, files);
  }

  /** Keeps the result of a query of jobs/sql as a temporary table, for those that name it as an input. */
  async keep(name: string, query: string): Promise<void> {
    await this.db.run(`CREATE OR REPLACE TEMPORARY TABLE ${name} AS ${queryText(query)}`);
  }

  async forget(...names: string[]): Promise<void> {
    for (const name of names) await this.db.run(`DROP TABLE IF EXISTS ${name}`);
  }

  /** Replaces a partition by the result of a query of jobs/sql. */
  write(table: Table, date: string | null, query: string): Promise<Written> {
    return this.lake.replace(this.db, table, date, queryText(query));
  }

  /** Slot dates that are settled, sorted. */
  settledDates(): string[] {
    return Object.keys(this.manifest.content.made)
      .filter((name) => name.startsWith('settle '))
      .map((name) => name.slice('settle '.length))
      .sort();
  }

  /** The content of a made thing's files in one table. */
  content(name: string, table: Table): string {
    const prefix = table.name.replace('.', '/');
    return fingerprint(Object.entries(this.manifest.files(name)).filter(([key]) => key.startsWith(`${prefix}/`)));
  }
}
