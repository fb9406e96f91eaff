import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Database } from './duckdb/connection.ts';
import { figuresOf } from './duckdb/figures.ts';
import { askGate } from './duckdb/gate.ts';
import { LakeFolder } from './duckdb/lake-folder.ts';
import type { SettleReport } from './duckdb/settle.ts';

/** What one run of settle, audit and gold comes to: `runs/<run>.json` of the lake. Spark leaves the same. */
export interface RunReport {
  readonly run: string;
  /** The instant up to which days were looked at: ISO 8601, UTC. */
  readonly until: string;
  /** Days that this run settled, and those of them that were not closed: UTC dates. */
  readonly dates: readonly string[];
  readonly incomplete: readonly string[];
  /** Of the whole lake, as it is now. */
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
  readonly until: string;
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
  const figures = await figuresOf(root);
  const report: RunReport = {
    run,
    until,
    dates: dates.sort(),
    incomplete: await incompleteOf(lake, dates, Date.parse(until)),
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

async function incompleteOf(lake: LakeFolder, dates: readonly string[], until_ms: number): Promise<string[]> {
  if (dates.length === 0) return [];
  await using db = await Database.open({ threads: 2, memory_mb: 384, spill_dir: join(lake.settle_dir, 'spill') });
  const open: string[] = [];
  for (const date of dates) {
    const { verdict } = await askGate(db, lake, date, until_ms);
    if (verdict !== 'closed') open.push(date);
  }
  return open;
}
