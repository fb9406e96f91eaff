import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FatalError } from '../../lib/errors.ts';
import { AUDIT_DAILY, STATION_HOURLY, STATION_STATUS } from '../tables.ts';
import { makeAudits } from './audit-day.ts';
import { accountForBronze } from './bronze-files.ts';
import { Database } from './connection.ts';
import { firstOpen } from './days.ts';
import { applyMarks } from './dirty-marks.ts';
import { Systems } from './feeds.ts';
import { makeGold } from './gold-day.ts';
import { keepAsItIs, keepGoneDays } from './kept-days.ts';
import { LakeFolder } from './lake-folder.ts';
import { accountForLog } from './log-files.ts';
import { fingerprint, Manifest } from './manifest.ts';
import { parquetRelation } from './relation.ts';
import { settleDay, settleName } from './settle-day.ts';
import { Workshop } from './workshop.ts';

export interface SettleOptions {
  readonly threads?: number;
  readonly memory_mb?: number;
  /** Days that end after this instant wait (ISO 8601, UTC); null: all days are settled. */
  readonly until?: string | null;
  /** Settles days of which Bronze has lost something from what is left, in the place of refusing it. */
  readonly of_the_rest?: boolean;
  /** Told before each step. */
  readonly progress?: (step: string) => void;
}

export interface SettleReport {
  /** Bronze files that were new. */
  readonly bronze_files: number;
  /** What was made anew, such as `settle 2022-06-28`; empty where nothing had changed. */
  readonly made: readonly string[];
  /** Systems in Bronze that `config/plan.json` doesn't name: taken as polled every minute, in UTC. */
  readonly unplanned_systems: readonly string[];
  /** Of the whole lake, as it is now. */
  readonly settled_spans: number;
  readonly settled_changes: number;
  readonly station_hours: number;
  readonly audit_missing: number;
  readonly audit_extra: number;
}

const running = new Map<string, Promise<unknown>>();

/**
 * Settles every day that new Bronze files touch, audits the log against it, and makes the Gold that depends on it.
 * `root` is the lake bucket as a folder, `<state>/s3/<bucket>`. May be run at any time and again: nothing new, nothing written;
 * killed half-way, the next run goes on with the same result. Two runs on one lake in one process wait for each other;
 * two processes must not settle one lake (the state folder has one owner).
 * Errors: a file that is no Parquet (named), a plan that is no JSON; days that can't be settled again since Bronze has lost something of them
 * (named, when all else is made: they stay as they are).
 */
export function settleLake(root: string, options: SettleOptions = {}): Promise<SettleReport> {
  const before = running.get(root) ?? Promise.resolve();
  const run = before.then(() => settle(root, options));
  const quiet = run.catch(() => undefined);
  running.set(root, quiet);
  return run;
}

async function settle(
  root: string,
  { threads = 2, memory_mb = 384, until = null, of_the_rest = false, progress = () => undefined }: SettleOptions,
) {
  const lake = new LakeFolder(root);
  lake.clear();
  mkdirSync(lake.settle_dir, { recursive: true });
  const manifest = new Manifest(lake);
  await using db = await Database.open({ threads, memory_mb, spill_dir: join(lake.settle_dir, 'spill') });
  const shop = new Workshop(db, lake, manifest, new Systems(lake));

  progress('reading what is new in Bronze and in the log');
  const first_open = until === null ? null : firstOpen(until);
  const isDue = (date: string): boolean => first_open === null || date < first_open;
  const { waived, endMarks } = applyMarks(lake, manifest, isDue);
  const bronze_files = await accountForBronze(db, lake, manifest);
  await accountForLog(db, lake, manifest);
  await keepGoneDays(shop);
  const sql = sqlPrints();
  const refused: FatalError[] = [];
  const dates = new Set([...Object.values(manifest.content.bronze).flatMap((c) => c.map(({ date }) => date))]);
  for (const date of [...dates].filter(isDue).sort()) {
    progress(`settling ${date}`);
    try {
      await settleDay(shop, date, sql.settle ?? '', of_the_rest || waived.has(date));
    } catch (error) {
      if (!(error instanceof FatalError && /^bronze_is_/.test(error.reason))) throw error;
      refused.push(error);
      if (!(settleName(date) in manifest.content.made)) await keepAsItIs(shop, date);
    }
  }
  progress('making Gold');
  await makeGold(shop, sql.gold ?? '');
  progress('comparing the log with what is settled');
  await makeAudits(shop, sql.ledger ?? '', first_open);
  if (bronze_files > 0 || shop.made.length > 0) manifest.save();
  const [first] = refused;
  if (first !== undefined) {
    throw new FatalError('gold', first.reason, refused.map(({ message }) => message).join('\n'));
  }
  endMarks();
  const systems = new Set(Object.values(manifest.content.systems).flat());
  return {
    bronze_files,
    made: shop.made,
    unplanned_systems: [...systems].filter((id) => !shop.systems.isPlanned(id)).sort(),
    ...(await totals(db, lake)),
  };
}

/** A fingerprint of each folder of jobs/sql: where the SQL changes, what it made is made again. */
function sqlPrints(): Record<string, string> {
  const root = fileURLToPath(new URL('../sql/', import.meta.url));
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return Object.fromEntries(
    folders.map(({ name }) => {
      const files = readdirSync(join(root, name)).sort();
      return [name, fingerprint(files.map((file) => [file, readFileSync(join(root, name, file), 'utf8')]))];
    }),
  );
}

async function totals(db: Database, lake: LakeFolder) {
  const rows = (table: typeof STATION_STATUS): string =>
    parquetRelation(
      table.columns,
      lake.parquetKeys(table.name.replace('.', '/')).map((key) => lake.path(key)),
    );
  const [spans] = await db.rows<{ settled_spans: number; settled_changes: number }>(
    `SELECT count(*) AS settled_spans, count_if(is_change) AS settled_changes FROM (${rows(STATION_STATUS)})`,
  );
  const [hours] = await db.rows<{ station_hours: number }>(
    `SELECT count(*) AS station_hours FROM (${rows(STATION_HOURLY)})`,
  );
  const [audit] = await db.rows<{ audit_missing: number; audit_extra: number }>(
    `SELECT coalesce(sum(missing), 0) AS audit_missing, coalesce(sum(extra), 0) AS audit_extra FROM (${rows(AUDIT_DAILY)})`,
  );
  return {
    settled_spans: spans?.settled_spans ?? 0,
    settled_changes: spans?.settled_changes ?? 0,
    station_hours: hours?.station_hours ?? 0,
    audit_missing: audit?.audit_missing ?? 0,
    audit_extra: audit?.audit_extra ?? 0,
  };
}
