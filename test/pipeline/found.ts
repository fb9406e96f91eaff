import type { DrawnBatch, DrawnFeed, DrawnPoll, Letter, Season } from './draw.ts';

const feed = (stations: Readonly<Record<string, Letter>>): DrawnFeed => ({
  is: 'a document',
  stations: Object.entries(stations).map(([id, letter]) => ({ id, letter, form: 'good' })),
});
const BEFORE: DrawnFeed = { is: 'as before' };
const poll = (minutes: number, one: DrawnFeed, more: Partial<DrawnPoll> = {}): DrawnPoll => ({
  minutes,
  late: 0,
  is_missing: false,
  feeds: [one, BEFORE],
  again: null,
  refused: null,
  state: 'kept',
  ...more,
});
const batch = (records: number, is: DrawnBatch['is']): DrawnBatch => ({ shard: 0, records, environment: 0, is });
const season = (polls: readonly DrawnPoll[], batches: readonly DrawnBatch[] = [batch(9, 'done')]): Season => ({
  start: 1425,
  systems: 1,
  parts: 1,
  interval_s: 60,
  polls,
  puts: [],
  deliveries: [{ records: 9, is_twice: false, limit_bytes: 5_500_000 }],
  batches,
  log_puts: [],
  is_settled_early: false,
});

/** Seasons that found something once; each is tried before what is drawn. */
export const FOUND: readonly [Season][] = [
  // A given-up record whose station is seen again days later. Two records a poll: chunk, receipts.
  [
    season(
      [
        poll(0, feed({ s: 'A' })),
        poll(1, feed({ u: 'B' })),
        poll(1440, feed({ s: 'A' })),
        poll(1440, feed({ u: 'B' })),
      ],
      [batch(2, 'done'), batch(2, 'given up')],
    ),
  ],
  // A schedule that fires twice, with newer content: a later 304 must not confirm the body that doesn't count.
  [
    season([
      poll(0, feed({ s: 'A' })),
      poll(1, feed({ s: 'B' }), { again: [feed({ s: 'C' }), BEFORE] }),
      poll(1, BEFORE),
    ]),
  ],
  // A 304 of a later slot that comes before the body of an earlier one, and then a 304 of that body.
  [season([poll(0, feed({ s: 'A' })), poll(1, feed({ s: 'B' }), { late: 1 }), poll(1, BEFORE), poll(1, BEFORE)])],
];
