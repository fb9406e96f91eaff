import type { Mutant } from '../mutant.ts';

/** The whole pipeline at random: it has to see by its figures what goes wrong between two stages. */
const PIPELINE = ['test/pipeline'];
const UNPACK = 'lib/bronze/unpack.ts';

export const PIPELINES: readonly Mutant[] = [
  {
    name: 'pipeline-kinds-mixed',
    breaks: 'Information travels as status.',
    edits: [
      {
        file: 'lib/poll/entries.ts',
        find: `feed === 'station_status' ? 'status' : 'information'`,
        replace: `feed === 'station_status' ? 'status' : 'status'`,
      },
    ],
    tests: PIPELINE,
  },
  {
    name: 'pipeline-parts-mixed',
    breaks: 'In Bronze all parts of a system are one.',
    edits: [{ file: UNPACK, find: '"p":${entry.part},', replace: '"p":${entry.part * 0},' }],
    tests: PIPELINE,
  },
  {
    name: 'pipeline-slot-is-the-fetch',
    breaks: 'The slot in Bronze is the time of the fetch.',
    edits: [{ file: UNPACK, find: '"t":${header.slot_ms}', replace: '"t":${entry.fetched_at_ms}' }],
    tests: PIPELINE,
  },
  {
    name: 'pipeline-basis-not-sent',
    breaks: 'A receipt does not say which slot its 304 confirms.',
    edits: [{ file: 'lib/stream/chunk.ts', find: "  'reason',\n  'basis_slot_ms',\n", replace: "  'reason',\n" }],
    tests: PIPELINE,
  },
  {
    name: 'pipeline-late-slot-is-fresh',
    breaks: 'A late record is judged as a new one.',
    edits: [
      {
        file: 'lib/silver/judge.ts',
        find: 'if (slot_ms < newest) this.counts.late += part.events.length;\n    else if (slot_ms === newest)',
        replace: 'if (slot_ms === newest)',
      },
    ],
    tests: PIPELINE,
  },
  {
    name: 'pipeline-seen-again-unexplained',
    breaks: 'A station that is seen again days after a given-up record is an error of the log.',
    edits: [
      {
        file: 'jobs/sql/ledger/audit_daily.sql',
        find: 'WHERE CAST(b.last_slot AS DATE) <= date_add(o.event_date, 1)',
        replace: 'WHERE false',
      },
    ],
    tests: PIPELINE,
  },
];
