import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Database } from './duckdb/connection.ts';
import { figuresOf } from './duckdb/figures.ts';
import { incompleteDays } from './duckdb/gate.ts';
import { LakeFolder } from './duckdb/lake-folder.ts';
import type { SettleReport } from './duckdb/settle.ts';

/** What one run of settle, audit and gold comes to: `runs/<run>.json` of the lake. Spark leaves the same. */
export interface RunReport {
  readonly run: string;
  /** Days that end after this instant wait: ISO 8601, UTC; null: none does. */
  readonly until: string | null;
  /** Days that this run settled, and those of them that were not closed: UTC dates. */
  readonly dates: readonly string[];
  readonly incomplete: readonly string[];
  /** Of all days that don't wait, as they are now. */
  readonly settled_spans: number;
  readonly settled_changes: number;
  readonly ledger_difference: number;
  readonly audit_missing: number;
  readonly audit_extra: number;
  readonly audit_explained: number;
  readonly seconds: Readonly<Record<string, number>>;
}

export interface FinishedRun {
  /** Name of the run; a name of its own for each. */
  readonly run: string;
  readonly until: string | null;
  readonly settled: SettleReport;
  readonly seconds: Readonly<Record<string, number>>;
}

/** Ledger or audit have a finding: a person must look. */
export const hasFinding = (report: RunReport): boolean =>
  report.ledger_difference > 0 || report.audit_missing > 0 || report.audit_extra > 0;

/** Writes the report of a run of DuckDB's settle on the lake `<state>/s3/<bucket>`; put whole or not at all. */
export async function writeReport(root: string, { run, until, settled, seconds }: FinishedRun): Promise<RunReport> {
  const lake = new LakeFolder(root);
  const dates = settled.made.filter((name) => name.startsWith('settle ')).map((name) => name.slice('settle '.length));
  const figures = await figuresOf(root, { until });
  const report: RunReport = {
    run,
    until,
    dates: dates.sort(),
    incomplete: await incompleteOf(lake, dates, until === null ? Date.now() : Date.parse(until)),
    settled_spans: figures.settled_spans,
    settled_changes: figures.settled_changes,
    ledger_difference: figures.ledger_difference,
    audit_missing: figures.audit_missing,
    audit_extra: figures.audit_extra,
    audit_explained: figures.audit_explained,
    seconds,
  };
  const file = lake.path(`runs/${run}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(report)}\n`);
  renameSync(`${file}.new`, file);
  return report;
}

async function incompleteOf(lake: LakeFolder, dates: readonly string[], now_ms: number): Promise<string[]> {
  await using db = await Database.open({ threads: 2, memory_mb: 384, spill_dir: join(lake.settle_dir, 'spill') });
  // Awaited here: the database is closed when this returns.
  return await incompleteDays(db, lake, dates, now_ms);
}
