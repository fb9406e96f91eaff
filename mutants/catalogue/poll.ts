import type { Mutant } from '../mutant.ts';

const GROUP = 'test/poll/poll-group.test.ts';
const DOCUMENT = 'test/poll/parse/document.test.ts';
const BAD_INPUT = 'test/poll/parse/bad-input.test.ts';

/** Poll: every fetched record is an event or a reject, and every poll that ran leaves a receipt. */
export const POLL: readonly Mutant[] = [
  {
    name: 'poll-no-receipt-on-failure',
    breaks: 'A poll that failed leaves no receipt.',
    edits: [
      {
        file: 'lib/poll/poll-group.ts',
        find: 'const receipts = polls.map((poll) =>',
        replace: `const receipts = polls.filter(({ status }) => status !== 'failed').map((poll) =>`,
      },
    ],
    tests: [GROUP],
  },
  {
    name: 'poll-slot-from-the-clock',
    breaks: 'The slot is the time of the poll, so that a poll delivered twice has two.',
    edits: [
      {
        file: 'lib/poll/poll-group.ts',
        find: 'const slot_ms = parseSlot(input);',
        replace: 'const slot_ms = parseSlot(input) > 0 ? ports.clock_ms() : 0;',
      },
    ],
    tests: [GROUP],
  },
  {
    name: 'poll-receipts-before-the-events',
    breaks: 'The receipts go first, and know nothing of what could not be sent.',
    edits: [
      {
        file: 'lib/poll/poll-group.ts',
        find: 'const unsent = await sendEvents(polls, systems, slot_ms, ports);',
        replace: 'const unsent = new Map<string, number>();',
      },
      {
        file: 'lib/poll/poll-group.ts',
        find: '  await sendReceipts(receipts, group_id, slot_ms, ports);',
        replace:
          '  await sendReceipts(receipts, group_id, slot_ms, ports);\n  await sendEvents(polls, systems, slot_ms, ports);',
      },
    ],
    tests: [GROUP],
  },
  {
    name: 'poll-unsent-counted-as-accepted',
    breaks: 'Events that the stream did not take count as accepted.',
    edits: [{ file: 'lib/poll/receipt.ts', find: 'accepted: events - unsent,', replace: 'accepted: events,' }],
    tests: [GROUP],
  },
  {
    name: 'poll-unsent-document-confirmed-later',
    breaks: 'A body that was not stored can be confirmed by a later 304.',
    edits: [
      {
        file: 'lib/poll/poll-group.ts',
        find: 'isStored ? state : { ...state, validators: {}, information_slot_ms: null }',
        replace: 'isStored ? state : { ...state }',
      },
    ],
    tests: [GROUP],
  },
  {
    name: 'poll-rejected-not-quarantined',
    breaks: 'Rejected records are counted, but their bytes are thrown away.',
    edits: [{ file: 'lib/poll/poll-group.ts', find: '      ...(poll.document?.rejects ?? []),\n', replace: '' }],
    tests: [GROUP],
  },
  {
    name: 'poll-rejected-document-not-quarantined',
    breaks: 'A document that is rejected as a whole is thrown away.',
    edits: [
      {
        file: 'lib/poll/feed-poll.ts',
        find: 'const rejects = [rejectedBody(begun, error.reason, body, session)];',
        replace: 'const rejects = [rejectedBody(begun, error.reason, body, session)].slice(1);',
      },
    ],
    tests: [GROUP],
  },
  {
    name: 'poll-secret-not-redacted',
    breaks: 'A page that repeats the URL carries the Seoul key into quarantine.',
    edits: [
      {
        file: 'lib/poll/session.ts',
        find: 'return redactedBytes(bytes, [...this.#secrets]);',
        replace: 'return redactedBytes(bytes, []);',
      },
    ],
    tests: ['test/poll/seoul.test.ts', 'test/poll/bad-input-fetch.test.ts'],
  },
  {
    name: 'poll-404-read-as-an-empty-feed',
    breaks: 'A feed that is gone counts as a good poll without a station.',
    edits: [
      {
        file: 'lib/poll/feed-poll.ts',
        find: `reason === NOT_STARTED ? 'skipped' : 'failed';`,
        replace: `reason === NOT_STARTED ? 'skipped' : reason === 'http_404' ? 'ok' : 'failed';`,
      },
    ],
    tests: [GROUP, 'test/poll'],
  },
  {
    name: 'poll-empty-list-accepted',
    breaks: 'An empty list of stations means that they are gone.',
    edits: [
      {
        file: 'lib/poll/parse/records.ts',
        find: `if (records.length === 0) throw new RejectedInput('poll', 'empty_station_list', 'the list of stations is empty');`,
        replace: '',
      },
    ],
    tests: [GROUP, DOCUMENT],
  },
  {
    name: 'poll-304-confirms-the-304-before',
    breaks: 'A 304 confirms the slot of the last 304, which has no body.',
    edits: [
      {
        file: 'lib/poll/gbfs.ts',
        find: 'confirmed(begun, validators.basis_slot_ms, session), validators, moved_to',
        replace:
          'confirmed(begun, validators.basis_slot_ms, session), validators: { ...validators, basis_slot_ms: session.slot_ms }, moved_to',
      },
    ],
    tests: [GROUP],
  },
  {
    name: 'poll-304-asked-for-the-own-slot',
    breaks: 'A poll that is delivered twice asks whether its own body changed.',
    edits: [
      {
        file: 'lib/poll/state.ts',
        find: 'return age_ms > 0 && age_ms <= HOUR_MS',
        replace: 'return age_ms >= 0 && age_ms <= HOUR_MS',
      },
    ],
    tests: [GROUP],
  },
  {
    name: 'poll-old-body-confirmed-for-ever',
    breaks: 'A body is confirmed however old it is, so that settle must read months back.',
    edits: [
      { file: 'lib/poll/state.ts', find: 'return age_ms > 0 && age_ms <= HOUR_MS', replace: 'return age_ms > 0' },
    ],
    tests: [GROUP],
  },
  {
    name: 'poll-state-moves-back',
    breaks: 'A poll that overlaps with a later one replaces what that one remembered.',
    edits: [
      {
        file: 'lib/poll/dynamo-states.ts',
        find: `'attribute_not_exists(slot_ms) OR slot_ms < :slot OR slot_ms > :far'`,
        replace: `'attribute_not_exists(slot_ms) OR slot_ms >= :slot OR slot_ms > :far'`,
      },
    ],
    tests: ['test/poll/adapters.test.ts'],
  },
  {
    name: 'poll-second-firing-remembered',
    breaks:
      'Of a schedule that fired twice the second body is remembered, so that a 304 confirms one that does not count.',
    edits: [{ file: 'lib/poll/dynamo-states.ts', find: 'slot_ms < :slot OR', replace: 'slot_ms <= :slot OR' }],
    tests: ['test/poll/adapters.test.ts'],
  },
  {
    name: 'poll-conflicting-copies-believed',
    breaks: 'Of copies of a station that differ the first is believed.',
    edits: [
      { file: 'lib/poll/parse/records.ts', find: 'station.conflict = true;', replace: 'station.conflict = false;' },
    ],
    tests: [BAD_INPUT],
  },
  {
    name: 'poll-repeated-records-not-counted',
    breaks: 'Records that repeat another are in no count.',
    edits: [
      {
        file: 'lib/poll/parse/records.ts',
        find: 'repeated += indexes.length - 1;',
        replace: 'repeated += 0 * indexes.length;',
      },
    ],
    tests: [BAD_INPUT],
  },
  {
    name: 'poll-hash-over-last-reported',
    breaks: 'A station that reports again without a change is a change.',
    edits: [
      {
        file: 'lib/poll/parse/content-hash.ts',
        find: "${status.vehicle_types ?? '-'}`,",
        replace: "${status.vehicle_types ?? '-'}${GAP}${status.last_reported_ms}`,",
      },
    ],
    tests: ['test/poll/parse'],
  },
  {
    name: 'poll-hash-without-disabled-bikes',
    breaks: 'A bike that is disabled is no change.',
    edits: [{ file: 'lib/poll/parse/content-hash.ts', find: '${count(status.num_bikes_disabled)}', replace: '' }],
    tests: ['test/poll/parse'],
  },
  {
    name: 'poll-breaker-never-opens',
    breaks: 'A host that is down is asked at every slot.',
    edits: [
      {
        file: 'lib/poll/breaker.ts',
        find: 'export const FAILURES_TO_OPEN = 5;',
        replace: 'export const FAILURES_TO_OPEN = 5_000_000;',
      },
    ],
    tests: ['test/poll/state.test.ts', 'test/poll'],
  },
  {
    name: 'poll-private-address-connected',
    breaks: 'A feed from a stranger may point into the own network.',
    edits: [
      {
        file: 'lib/poll/fetch/address.ts',
        find: `if (parsed.range() !== 'unicast') return false;`,
        replace: `if (parsed.range() === 'loopback') return false;`,
      },
    ],
    tests: ['test/poll/fetch/address.test.ts'],
  },
  {
    name: 'poll-part-by-another-hash',
    breaks: 'Stations change their parts, and so their lanes, without their state.',
    edits: [{ file: 'lib/stream/lane.ts', find: '.slice(0, 8)', replace: '.slice(8, 16)' }],
    tests: ['test/stream', GROUP],
  },
  {
    name: 'poll-plan-moves-lanes',
    breaks: 'A new plan gives systems other lanes, without their state.',
    edits: [
      {
        file: 'lib/poll/plan.ts',
        find: 'lanesFor(groups, kept);',
        replace: 'lanesFor(groups, new Map([...kept].slice(0, 0)));',
      },
    ],
    tests: ['test/poll/plan.test.ts'],
  },
];
