import type { RunReport } from './report.ts';

/** Exit code of a Spark run whose ledger or audit has a finding; all is made then (FINDING in jobs/spark/bikelake/run.py). */
export const FINDING = 3;

const n = (value: number): string => value.toLocaleString('en-US');

/** What ledger and audit of a lake have found, a line each; none: the numbers can be trusted. */
export function findings(
  figures: Pick<RunReport, 'ledger_difference' | 'audit_missing' | 'audit_extra'>,
): readonly string[] {
  const { ledger_difference, audit_missing, audit_extra } = figures;
  return [
    ...(ledger_difference === 0 ? [] : [`the ledger differs by ${n(ledger_difference)}: see gold.ledger_daily`]),
    ...(audit_missing === 0 ? [] : [`${n(audit_missing)} changes are missing in the Silver log: see gold.audit_daily`]),
    ...(audit_extra === 0 ? [] : [`${n(audit_extra)} rows of the Silver log are no changes: see gold.audit_daily`]),
  ];
}
