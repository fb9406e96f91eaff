import { findings } from '../findings.ts';
import type { RunReport } from '../report.ts';

/** What `maintain` did with a table; of pairs the first is before, the second after. */
export interface Maintained {
  readonly files_merged: number;
  readonly snapshots_expired: number;
  readonly orphans: number;
  readonly files: readonly [number, number];
  readonly bytes: readonly [number, number];
  readonly snapshots: readonly [number, number];
}

export type SparkReport = RunReport & { readonly maintained?: Readonly<Record<string, Maintained>> };

const n = (value: number): string => value.toLocaleString('en-US');
const days = (dates: readonly string[]): string =>
  dates.length <= 3 ? dates.join(', ') : `${dates[0]} … ${dates.at(-1)}, ${dates.length} days`;

/** The report of a run for a person: what it settled, what the lake comes to now, and whether the numbers can be trusted. */
export function sparkReportText(report: SparkReport): string {
  const { dates, incomplete, seconds } = report;
  const wrong = findings(report);
  const took = Object.entries(seconds).map(([step, s]) => `${step} ${s} s`);
  return [
    '',
    `settled ${dates.length === 0 ? 'no day: none is new, changed or dirty' : days(dates)}`,
    ...(incomplete.length === 0
      ? []
      : [`        not closed yet, and settled again when the rest comes: ${days(incomplete)}`]),
    `lake    ${n(report.settled_spans)} spans, ${n(report.settled_changes)} of them changes`,
    ...(report.audit_explained === 0
      ? []
      : [
          `        ${n(report.audit_explained)} differences between log and settled days, explained by late and given-up events`,
        ]),
    ...Object.entries(report.maintained ?? {}).map(maintainedLine),
    ...(wrong.length === 0
      ? ['ledger  balances; the audit finds nothing missing and nothing extra']
      : wrong.map((line) => `WRONG   ${line}`)),
    `        ${took.join(', ')}`,
  ].join('\n');
}

function maintainedLine([table, done]: readonly [string, Maintained]): string {
  const pair = ([before, after]: readonly [number, number]): string =>
    before === after ? n(after) : `${n(before)} → ${n(after)}`;
  return `${table}: files ${pair(done.files)} (${n(done.files_merged)} merged), bytes ${pair(done.bytes)}, snapshots ${pair(done.snapshots)} (${n(done.snapshots_expired)} expired), ${n(done.orphans)} orphans`;
}
