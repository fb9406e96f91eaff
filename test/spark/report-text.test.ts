import { describe, expect, test } from 'vitest';
import { type SparkReport, sparkReportText } from '../../jobs/spark/report-text.ts';

const REPORT: SparkReport = {
  run: 'local',
  until: '2026-11-21T02:00:00Z',
  dates: ['2026-11-20'],
  incomplete: [],
  settled_spans: 5609,
  settled_changes: 5528,
  ledger_difference: 0,
  audit_missing: 0,
  audit_extra: 0,
  audit_explained: 0,
  seconds: { settle: 12.5, audit: 3 },
};

describe('the report of a run of Spark', () => {
  test('says what was settled, what the lake holds, and that it balances', () => {
    expect(sparkReportText(REPORT).split('\n')).toEqual([
      '',
      'settled 2026-11-20',
      'lake    5,609 spans, 5,528 of them changes',
      'ledger  balances; the audit finds nothing missing and nothing extra',
      '        settle 12.5 s, audit 3 s',
    ]);
  });

  test('names each finding, and never says that it balances then', () => {
    const text = sparkReportText({ ...REPORT, ledger_difference: 1200, audit_missing: 1, audit_extra: 2 });
    expect(text.match(/WRONG {3}.*/g)).toEqual([
      'WRONG   the ledger differs by 1,200: see gold.ledger_daily',
      'WRONG   1 changes are missing in the Silver log: see gold.audit_daily',
      'WRONG   2 rows of the Silver log are no changes: see gold.audit_daily',
    ]);
    expect(text).not.toContain('balances');
  });

  test('many days in short, the open ones, and what maintain did with a table', () => {
    const dates = ['2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20'];
    const maintained = {
      'silver.polls': { files_merged: 6, snapshots_expired: 3, orphans: 1, files: [7, 2], bytes: [900, 500], snapshots: [4, 1] } as const, // biome-ignore format: one line
    };
    const text = sparkReportText({ ...REPORT, dates, incomplete: ['2026-11-20'], maintained });
    expect(text).toContain('settled 2026-11-17 … 2026-11-20, 4 days\n');
    expect(text).toContain('not closed yet, and settled again when the rest comes: 2026-11-20\n');
    expect(text).toContain(
      'silver.polls: files 7 → 2 (6 merged), bytes 900 → 500, snapshots 4 → 1 (3 expired), 1 orphans',
    );
  });
});
