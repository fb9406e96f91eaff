import { findings as lakeFindings } from '../../jobs/findings.ts';
import { alarmLines } from './alarm-watch.ts';
import { failureLine } from './failures.ts';
import { faultLines } from './faults-report.ts';
import type { RunResult } from './run.ts';

const n = (value: number): string => value.toLocaleString('en-US');

/** What is wrong with a run, a line each; none: every ledger balances and the audit finds nothing. */
export function findings({ figures }: RunResult): string[] {
  const { pending } = figures;
  return [
    ...lakeFindings(figures),
    ...(pending === 0
      ? []
      : [`${n(pending)} lines of Bronze lie beyond the last batch of their lane: npm run ledger says what to do`]),
  ];
}

/** The report of a run for a person: the stages in the order of the data, and whether the numbers can be trusted. */
export function reportText(result: RunResult): string {
  const f = result.figures;
  const wrong = findings(result);
  return [
    '',
    `poll    ${n(f.polls)} polls, ${n(f.polls_failed)} failed; ${n(f.fetched)} records = ${n(f.accepted)} accepted + ${n(f.rejected)} rejected + ${n(f.repeated)} repeated`,
    ...result.failures.map(failureLine),
    `bronze  ${n(f.bronze_rows)} rows, ${n(f.bronze_distinct)} distinct observations`,
    ...(result.undelivered === 0
      ? []
      : [
          `        ${n(result.undelivered)} records of the stream could not be delivered and lie under the error prefix: npm run redeliver -- --dir … brings them back`,
        ]),
    `silver  ${n(f.silver_rows)} changes; of the events ${n(f.unchanged)} unchanged, ${n(f.duplicate)} duplicate, ${n(f.late)} late`,
    ...(f.given_up === f.redriven
      ? []
      : [
          `        ${n(f.given_up - f.redriven)} events were given up by the mapping: settle brought them in from Bronze; npm run redrive -- --dir … sends them again`,
        ]),
    ...(f.audit_explained === 0
      ? []
      : [
          `        ${n(f.audit_explained)} differences between log and settled days, explained by late and given-up events`,
        ]),
    `gold    ${n(f.settled_spans)} spans settled, ${n(f.settled_changes)} of them changes`,
    ...faultLines(result),
    ...alarmLines(result.alarms),
    ...(wrong.length === 0
      ? ['ledger  balances at every hop; the audit finds nothing missing and nothing extra']
      : wrong.map((line) => `WRONG   ${line}`)),
    `        ${result.seconds} s, ${n(Math.round(result.peak_rss_bytes / 1e6))} MB at most`,
  ].join('\n');
}
