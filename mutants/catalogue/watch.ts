import type { Mutant } from '../mutant.ts';

const MOVEMENT = 'lib/poll/movement.ts';
const MOVEMENT_TEST = 'test/poll/movement.test.ts';
const ALARMS = 'resources/watch/alarms.cjs';
const OVER_TIME = 'test/watch/alarms-over-time.test.ts';
const MEASURED = 'test/watch/poll-measured.test.ts';
const DASHBOARD = 'test/watch/dashboard.test.ts';

/** Watch: what is measured is what happened, and an alarm is on as long as what it is about. */
export const WATCH: readonly Mutant[] = [
  {
    name: 'watch-frozen-too-early',
    breaks: 'A feed is frozen after an hour of which nobody saw the first ten minutes.',
    edits: [
      {
        file: MOVEMENT,
        find: 'const FROZEN_MS = 60 * MINUTE_MS + RENEWED_MS;',
        replace: 'const FROZEN_MS = 60 * MINUTE_MS;',
      },
    ],
    tests: [MOVEMENT_TEST],
  },
  {
    name: 'watch-outage-is-frozen',
    breaks: 'A feed that nobody asked during an outage of ours counts as frozen.',
    edits: [{ file: MOVEMENT, find: ' || age_ms > Math.max(GAP_MS, 3 * interval_s * 1000)', replace: '' }],
    tests: [MOVEMENT_TEST, MEASURED],
  },
  {
    name: 'watch-late-slot-moves-a-feed',
    breaks: 'A poll of an earlier slot begins the movement anew.',
    edits: [{ file: MOVEMENT, find: 'age_ms < -FAR_MS', replace: 'age_ms < 0' }],
    tests: [MOVEMENT_TEST],
  },
  {
    name: 'watch-state-every-poll',
    breaks: 'A feed that moves changes the state of its group at every poll.',
    edits: [{ file: MOVEMENT, find: 'const RENEWED_MS = 10 * MINUTE_MS;', replace: 'const RENEWED_MS = 0;' }],
    tests: [MOVEMENT_TEST],
  },
  {
    name: 'watch-measured-after-the-receipts',
    breaks: 'A poll whose receipts can not be sent is not counted.',
    edits: [
      {
        file: 'lib/poll/poll-group.ts',
        find: '  ports.measured?.(pollCounts(receipts, frozenFeeds(results, slot_ms), keyedSystems(systems)));\n  await sendReceipts(receipts, group_id, slot_ms, ports);',
        replace:
          '  await sendReceipts(receipts, group_id, slot_ms, ports);\n  ports.measured?.(pollCounts(receipts, frozenFeeds(results, slot_ms), keyedSystems(systems)));',
      },
    ],
    tests: [MEASURED],
  },
  {
    name: 'watch-key-forgotten-while-left-alone',
    breaks: 'While the breaker leaves a feed alone for its key, nobody is told of the key.',
    edits: [
      {
        file: 'lib/watch/poll-counts.ts',
        find: 'KeyRefused: count((r) => failed(r) &&',
        replace: `KeyRefused: count((r) => r.status === 'failed' &&`,
      },
    ],
    tests: [MEASURED, 'test/watch/poll-counts.test.ts'],
  },
  {
    name: 'watch-second-dimension',
    breaks: 'Metrics have a dimension more than alarms read.',
    edits: [{ file: 'lib/watch/send.ts', find: '  metrics.clearDefaultDimensions();', replace: '  ' }],
    tests: ['test/watch/send.test.ts'],
  },
  {
    name: 'watch-absence-forgotten',
    breaks: 'An alarm about absence goes out when the last minutes are not seen yet.',
    edits: [
      {
        file: ALARMS,
        find: "      of: Math.max(2, Math.ceil(300 / silver_s)),\n      missing: 'ignore',",
        replace: "      of: Math.max(2, Math.ceil(300 / silver_s)),\n      missing: 'notBreaching',",
      },
    ],
    tests: [OVER_TIME],
  },
  {
    name: 'watch-impatient-with-slow-plans',
    breaks: 'A plan of twenty minutes is judged by periods in which its poll may not be seen.',
    edits: [
      { file: ALARMS, find: 'Math.min(shortest_s + SEEN_LATE_S, DAY_S)', replace: 'Math.min(shortest_s, DAY_S)' },
    ],
    tests: [OVER_TIME],
  },
  {
    name: 'watch-silence-by-the-quarter-hour',
    breaks: 'Every plan is silent after a quarter of an hour.',
    edits: [{ file: ALARMS, find: 'Math.max(15, Math.ceil((3 * shortest_s) / MINUTE_S))', replace: '15' }],
    tests: [OVER_TIME],
  },
  {
    name: 'watch-metric-not-shown',
    breaks: 'A metric is sent that nobody sees.',
    edits: [
      { file: 'resources/watch/dashboard.cjs', find: "            ['key refused', m.KeyRefused],\n", replace: '' },
    ],
    tests: [DASHBOARD],
  },
  {
    name: 'watch-metric-not-sent',
    breaks: 'An alarm reads a metric that nobody sends.',
    edits: [{ file: 'lib/watch/poll-counts.ts', find: '    FeedsFrozen: frozen,\n', replace: '' }],
    tests: [DASHBOARD, 'test/watch/poll-counts.test.ts'],
  },
];
