import type { Mutant } from '../mutant.ts';

const SPANS = 'test/gold/spans.test.ts';
const AUDIT = 'test/gold/audit.test.ts';
const LEDGER = 'test/gold/ledger.test.ts';
const HOURS = 'test/gold/station-hourly.test.ts';
const FEEDS = 'test/gold/days-and-feeds.test.ts';
const AGAIN = 'test/gold/settle-again.test.ts';

const SETTLE: readonly Mutant[] = [
  {
    name: 'settle-first-in-stream-order-reversed',
    breaks: 'Of a part that came twice for a slot the last one counts.',
    edits: [
      {
        file: 'jobs/sql/settle/01_records.sql',
        find: 'ORDER BY length(sequence_number), sequence_number, shard_id\n  ) = 1',
        replace: 'ORDER BY length(sequence_number) DESC, sequence_number DESC, shard_id\n  ) = 1',
      },
    ],
    tests: [SPANS],
  },
  {
    name: 'settle-sequence-compared-as-text',
    breaks: 'Sequence number 10 comes before 9.',
    edits: [
      {
        file: 'jobs/sql/settle/01_records.sql',
        find: 'ORDER BY length(sequence_number), sequence_number, shard_id\n  ) = 1',
        replace: 'ORDER BY sequence_number, shard_id\n  ) = 1',
      },
    ],
    tests: [SPANS],
  },
  {
    name: 'settle-duplicates-of-firehose-counted',
    breaks: 'Rows that Firehose delivered twice are two lines.',
    edits: [
      {
        file: 'jobs/sql/settle/01_records.sql',
        find: 'sum(bit_count(lines_in_block))',
        replace: 'sum(rows_in_block)',
      },
    ],
    tests: [LEDGER],
  },
  {
    name: 'settle-304-read-as-a-gap',
    breaks: 'A 304 observes nothing.',
    edits: [
      { file: 'jobs/sql/settle/04_observations.sql', find: `p.status = 'not_modified'`, replace: `p.status = 'ok'` },
    ],
    tests: [SPANS],
  },
  {
    name: 'settle-304-beside-a-record-counted',
    breaks: 'Where a poll ran twice, a 304 and a record of one slot are two observations.',
    edits: [{ file: 'jobs/sql/settle/04_observations.sql', find: ' AND r.record_no IS NULL', replace: '' }],
    tests: [SPANS],
  },
  {
    name: 'settle-guard-off',
    breaks: 'A run goes on over any gap.',
    edits: [{ file: 'jobs/sql/settle/05_spans.sql', find: 'OR slot_ms - slot_before_ms > guard_ms', replace: '' }],
    tests: [SPANS],
  },
  {
    name: 'settle-guard-one-too-short',
    breaks: 'Observations exactly the guard apart have a gap between them.',
    edits: [
      {
        file: 'jobs/sql/settle/05_spans.sql',
        find: 'slot_ms - slot_before_ms > guard_ms',
        replace: 'slot_ms - slot_before_ms >= guard_ms',
      },
    ],
    tests: [SPANS],
  },
  {
    name: 'settle-span-reaches-over-a-gap',
    breaks: 'The last run before a gap lasts until the next observation.',
    edits: [
      {
        file: 'jobs/sql/settle/05_spans.sql',
        find: 'r.next_slot_ms - r.last_slot_ms <= r.guard_ms',
        replace: 'r.next_slot_ms IS NOT NULL',
      },
    ],
    tests: [SPANS],
  },
  {
    name: 'settle-not-cut-at-midnight',
    breaks: 'A run goes on over midnight.',
    edits: [
      {
        file: 'jobs/sql/settle/05_spans.sql',
        find: '\n      OR (slot_ms >= d.end_ms AND slot_before_ms < d.end_ms) AS is_start',
        replace: ' AS is_start',
      },
    ],
    tests: [SPANS],
  },
  {
    name: 'settle-first-of-the-day-is-a-change',
    breaks: "A station's first observation of a day is a change, whatever it was before.",
    edits: [
      {
        file: 'jobs/sql/settle/05_spans.sql',
        find: `coalesce(r.hash_before, b.content_hash, '')`,
        replace: `coalesce(r.hash_before, '')`,
      },
    ],
    tests: [SPANS],
  },
  {
    name: 'settle-station-out-of-sight-forgotten',
    breaks: 'A station that was not seen for a day comes back as a new one.',
    edits: [
      {
        file: 'jobs/sql/settle/09_station_last.sql',
        find: '  FROM station_before AS b\n  CROSS JOIN day AS d',
        replace: '  FROM station_before AS b\n  CROSS JOIN day AS d\n  WHERE unix_millis(b.last_slot) >= d.start_ms',
      },
    ],
    tests: [SPANS],
  },
  {
    name: 'settle-early-day-stays',
    breaks: 'A day that was settled too early is never settled again.',
    edits: [
      {
        file: 'jobs/duckdb/workshop.ts',
        find: 'if (known?.inputs === print && isThere) return;',
        replace: 'if (known !== undefined && isThere) return;',
      },
    ],
    tests: [AUDIT, AGAIN],
  },
  {
    name: 'settle-other-guard-for-slow-systems',
    breaks: 'The guard is 600 s, however seldom a system is polled.',
    edits: [
      {
        file: 'jobs/duckdb/feeds.ts',
        find: 'Math.max(600, 3 * interval_s) * 1000',
        replace: 'Math.max(600, 0 * interval_s) * 1000',
      },
    ],
    tests: [SPANS],
  },
];

const GOLD_TABLES: readonly Mutant[] = [
  {
    name: 'gold-disabled-bike-is-a-rental',
    breaks: 'A bike that becomes disabled was rented.',
    edits: [
      {
        file: 'jobs/sql/gold/station_hourly.sql',
        find: '    num_bikes_available + coalesce(num_bikes_disabled, 0) AS bikes,',
        replace: '    num_bikes_available AS bikes,',
      },
    ],
    tests: [HOURS],
  },
  {
    name: 'gold-counted-across-a-gap',
    breaks: 'Bikes that went during a gap were rented at its end.',
    edits: [
      {
        file: 'jobs/sql/gold/station_hourly.sql',
        find: 'CASE WHEN s.to_before_ms = s.from_ms THEN',
        replace: 'CASE WHEN s.to_before_ms <= s.from_ms THEN',
      },
    ],
    tests: [HOURS],
  },
  {
    name: 'gold-first-sight-is-a-change',
    breaks: "A station's first sight counts as a change.",
    edits: [
      {
        file: 'jobs/sql/gold/station_hourly.sql',
        find: 's.is_change AND (s.to_before_ms IS NOT NULL OR b.station_id IS NOT NULL) AS is_counted',
        replace: 's.is_change AS is_counted',
      },
    ],
    tests: [HOURS],
  },
  {
    name: 'gold-trucks-are-rentals',
    breaks: 'What a truck took counts as rentals.',
    edits: [
      {
        file: 'jobs/sql/gold/station_hourly.sql',
        find: 'coalesce(m.falls - m.rebalanced_out, 0)',
        replace: 'coalesce(m.falls, 0)',
      },
    ],
    tests: [HOURS],
  },
  {
    name: 'gold-hours-not-divided',
    breaks: 'An interval counts whole in each hour that it touches.',
    edits: [
      {
        file: 'jobs/sql/gold/station_hourly.sql',
        find: 'least(s.to_ms, h.end_ms) - greatest(s.from_ms, h.start_ms) AS overlap_ms',
        replace: 's.to_ms - s.from_ms AS overlap_ms',
      },
    ],
    tests: [HOURS],
  },
  {
    name: 'gold-missing-receipt-read-as-zero',
    breaks: 'A poll that left no receipt was never expected.',
    edits: [
      {
        file: 'jobs/sql/gold/feed_quality_daily.sql',
        find: `  CAST(floor((coalesce(b.until_ms, b.last_ms + f.interval_s * 1000) - b.from_ms + f.interval_s * 500) / (f.interval_s * 1000)) AS BIGINT)
    AS polls_expected,`,
        replace: '  m.polls_made AS polls_expected,',
      },
    ],
    tests: [FEEDS],
  },
];

const LEDGERS: readonly Mutant[] = [
  {
    name: 'ledger-events-without-a-receipt-balance',
    breaks: 'Events without a receipt are no difference.',
    edits: [
      {
        file: 'jobs/sql/settle/10_polls.sql',
        find: 'abs(coalesce(r.accepted, 0) - coalesce(a.events, 0))',
        replace: 'abs(coalesce(r.accepted, a.events, 0) - coalesce(a.events, 0))',
      },
    ],
    tests: [LEDGER],
  },
  {
    name: 'ledger-lane-difference-hidden',
    breaks: 'Lines that the log consumed twice or never are no difference.',
    edits: [
      {
        file: 'jobs/sql/ledger/ledger_lanes.sql',
        find: 'abs(sum(lines) - sum(events) - sum(given_up) - sum(pending))',
        replace: '0 * abs(sum(lines) - sum(events) - sum(given_up) - sum(pending))',
      },
    ],
    tests: [LEDGER],
  },
  {
    name: 'ledger-given-up-read-as-pending',
    breaks: 'What was given up looks as if it were still to come.',
    edits: [
      {
        file: 'jobs/sql/ledger/ledger_lanes_daily.sql',
        find: 'AND coalesce(p.sequence > c.last_sequence, true) THEN',
        replace: 'THEN',
      },
    ],
    tests: [LEDGER],
  },
  {
    name: 'ledger-receipt-not-added-up',
    breaks: 'A receipt whose parts do not make its whole balances.',
    edits: [
      {
        file: 'jobs/sql/settle/10_polls.sql',
        find: '- coalesce(r.rejected, 0) - coalesce(r.repeated, 0)) AS BIGINT)',
        replace: '- (coalesce(r.fetched, 0) - coalesce(r.accepted, 0))) AS BIGINT)',
      },
    ],
    tests: [LEDGER],
  },
  {
    name: 'audit-late-explains-nothing',
    breaks: 'What only settle has seen, because it was late, is an error of the log.',
    edits: [
      {
        file: 'jobs/sql/ledger/outsiders.sql',
        find: "WHEN p.is_first AND (p.newest_before > p.slot OR unix_millis(p.slot) <= c.newest_ms) THEN 'late'",
        replace: '',
      },
    ],
    tests: [AUDIT],
  },
  {
    name: 'audit-given-up-explains-nothing',
    breaks: 'What was given up is an error of the log.',
    edits: [
      {
        file: 'jobs/sql/ledger/outsiders.sql',
        find: "WHEN p.is_first AND u.sequence IS NOT NULL THEN 'given_up'",
        replace: '',
      },
    ],
    tests: [AUDIT],
  },
  {
    name: 'audit-everything-is-explained',
    breaks: 'A row that the log lost is explained without a reason.',
    edits: [
      {
        file: 'jobs/sql/ledger/audit_daily.sql',
        find: 'CASE WHEN e.slot_ms IS NULL THEN c.missing ELSE 0 END',
        replace: 'CASE WHEN false THEN c.missing ELSE 0 END',
      },
    ],
    tests: [AUDIT],
  },
  {
    name: 'audit-late-explains-the-whole-day',
    breaks: 'One late record explains every later difference of its station.',
    edits: [
      {
        file: 'jobs/sql/ledger/explanations.sql',
        find: 'min(w.slot_ms) AS next_slot_ms',
        replace: 'max(w.slot_ms) AS next_slot_ms',
      },
    ],
    tests: [AUDIT],
  },
];

const GATE_TEST = 'test/gold/gate.test.ts';
const MACHINE_TEST = 'test/gold/state-machine.test.ts';
const VIEWS_TEST = 'test/gold/views.test.ts';
const one = (name: string, breaks: string, edit: Mutant['edits'][number], test: string): Mutant => ({
  name,
  breaks,
  edits: [edit],
  tests: [test],
});
const GATE = 'jobs/sql/gate/ledger_gate.sql';
const MACHINE = 'resources/gold/machine.cjs';
const STATUS_CHANGES = 'jobs/sql/views/silver_status_changes.sql';

const UNTIL_TEST = 'test/gold/report-until.test.ts';
const LOST_TEST = 'test/gold/lost-bronze.test.ts';

const REPORTS: readonly Mutant[] = [
  one(
    'report-lane-difference-hidden',
    'Lines that the log consumed twice or never are no difference of a report.',
    {
      file: 'jobs/sql/ledger/ledger_lanes_until.sql',
      find: 'CAST(abs(sum(l.lines)',
      replace: 'CAST(0 * abs(sum(l.lines)',
    },
    LEDGER,
  ),
  one(
    'report-counts-what-a-later-folder-consumed',
    'Lines of a day that the log consumed on the next are a difference until that is over.',
    {
      file: 'jobs/sql/ledger/ledger_lanes_until.sql',
      find: ' AND coalesce(l.chain_date < h.first_open, true)',
      replace: '',
    },
    UNTIL_TEST,
  ),
  one(
    'report-old-day-open-for-a-new-group',
    'A group that the plan has only since then keeps every old day open.',
    {
      file: 'jobs/sql/gate/settled_rows.sql',
      find: 'FROM newest_receipts',
      replace: 'FROM newest_receipts WHERE false',
    },
    UNTIL_TEST,
  ),
  one(
    'settle-replaces-a-day-by-less',
    'A settled day is replaced by what is left of its Bronze.',
    { file: 'jobs/sql/gate/lost_records.sql', find: 'coalesce(r.lines < s.lines, true)', replace: 'false' },
    LOST_TEST,
  ),
  one(
    'settle-forgets-a-receipt-that-is-gone',
    'A poll whose receipt is gone from Bronze counts as never made.',
    { file: 'jobs/sql/gate/lost_records.sql', find: 'AND r.slot_ms IS NULL', replace: 'AND false' },
    LOST_TEST,
  ),
  one(
    'settle-forgets-a-day-without-bronze',
    'Without the manifest, a day whose Bronze is gone is no day, and the next one begins anew.',
    { file: 'jobs/duckdb/settle.ts', find: '  await keepGoneDays(shop);', replace: '' },
    LOST_TEST,
  ),
];

const ON_AWS: readonly Mutant[] = [
  one(
    'gate-one-missing-event-is-none',
    'A day is closed while one event of a poll is missing.',
    { file: GATE, find: 'f.accepted > f.events', replace: 'f.accepted > f.events + 1' },
    GATE_TEST,
  ),
  one(
    'gate-duplicates-hide-what-is-missing',
    'Rows that Firehose delivered twice stand for those that are missing.',
    { file: GATE, find: 'least(max(line) - min(line) + 1, count(*))', replace: 'count(*)' },
    GATE_TEST,
  ),
  one(
    'gate-holes-in-a-record-unseen',
    'A row that is missing in the middle of a record is not missed.',
    { file: GATE, find: 'least(max(line) - min(line) + 1, count(*))', replace: 'max(line) - min(line) + 1' },
    GATE_TEST,
  ),
  one(
    'gate-first-slot-after-the-day-is-not-after-it',
    'The receipt of midnight does not close the day before.',
    { file: GATE, find: 'f.slot_ms >= d.end_ms THEN g', replace: 'f.slot_ms > d.end_ms THEN g' },
    GATE_TEST,
  ),
  one(
    'machine-believes-the-exit-code',
    'A finding of the ledger ends the day without metrics and views.',
    { file: MACHINE, find: "Next: 'WhichReport' }],", replace: "Next: 'TellOfFailure' }]," },
    MACHINE_TEST,
  ),
  one(
    'machine-redrives-itself',
    'An execution that failed begins again without end.',
    { file: 'resources/gold/steps.cjs', find: 'redrives: 0,', replace: 'redrives: -1,' },
    MACHINE_TEST,
  ),
  one(
    'machine-fails-without-a-word',
    'Nobody is told that Spark failed three times.',
    { file: MACHINE, find: "Default: 'TellOfFailure',", replace: "Default: 'Done'," },
    MACHINE_TEST,
  ),
  one(
    'views-settled-and-log-overlap',
    'A change in the last settled slot stands twice.',
    { file: STATUS_CHANGES, find: 'c.slot > coalesce', replace: 'c.slot >= coalesce' },
    VIEWS_TEST,
  ),
  one(
    'views-log-of-a-silent-system-whole',
    'Of a system that the newest settled day has nothing of, every change stands twice.',
    { file: STATUS_CHANGES, find: 'coalesce(n.last_slot, h.last_slot)', replace: 'n.last_slot' },
    VIEWS_TEST,
  ),
];

export const GOLD: readonly Mutant[] = [...SETTLE, ...GOLD_TABLES, ...LEDGERS, ...REPORTS, ...ON_AWS];
