import fc from 'fast-check';

/** How a station stands in a document: once, twice the same, twice with different contents, or with a count that is no count. */
export type Form = 'good' | 'repeated' | 'conflicting' | 'bad';
export type Letter = 'A' | 'B' | 'C';

export interface DrawnStation {
  readonly id: string;
  readonly letter: Letter;
  readonly form: Form;
}

/** What a host has at a poll: a document, the document that it had before, a failure, or a list without a station. */
export type DrawnFeed =
  | { readonly is: 'a document'; readonly stations: readonly DrawnStation[] }
  | { readonly is: 'as before' | 'a failure' | 'empty' };

export type Lane = 'lane-001' | 'lane-002';

/** One firing of the schedule, and what goes wrong with it. */
export interface DrawnPoll {
  /** Minutes after the slot before. */
  readonly minutes: number;
  /** How many later polls run before it. */
  readonly late: number;
  readonly is_missing: boolean;
  /** What the two systems have. */
  readonly feeds: readonly [DrawnFeed, DrawnFeed];
  /** The schedule fires twice: what they have then. */
  readonly again: readonly [DrawnFeed, DrawnFeed] | null;
  /** A lane whose chunks the stream doesn't take. */
  readonly refused: Lane | null;
  /** What becomes of the group's state. */
  readonly state: 'kept' | 'not read' | 'not written';
}

/** A call to the stream: as it should be, some records refused, stored without an answer, or neither stored nor answered. */
export type PutDraw = 'none' | 'partial' | 'reply lost' | 'throttled';

export type LogPut = 'none' | 'reply lost' | 'request lost';

/** A step of what reads the stream. */
export interface DrawnBatch {
  readonly shard: 0 | 1;
  readonly records: number;
  readonly environment: 0 | 1;
  /** Done; done, and delivered again; never done. */
  readonly is: 'done' | 'delivered again' | 'given up';
}

export interface DrawnDelivery {
  readonly records: number;
  /** Delivered twice by Firehose. */
  readonly is_twice: boolean;
  /** Bytes that the answer of the transform may have: what is too large comes back later. */
  readonly limit_bytes: number;
}

export interface Season {
  /** The first slot, minutes after 2026-11-21T00:00Z. */
  readonly start: number;
  readonly systems: 1 | 2;
  /** Parts of the first system. */
  readonly parts: 1 | 2;
  readonly interval_s: 60 | 600;
  readonly polls: readonly DrawnPoll[];
  readonly puts: readonly PutDraw[];
  readonly deliveries: readonly DrawnDelivery[];
  readonly batches: readonly DrawnBatch[];
  /** What becomes of the puts of the Silver log. */
  readonly log_puts: readonly LogPut[];
  /** Settled once in the middle, too early. */
  readonly is_settled_early: boolean;
}

/** Station ids and their parts of two: first 32 bits of the SHA-256, modulo 2. */
export const PARTS: Readonly<Record<string, number>> = { s: 1, u: 0, 'u"\\': 1, é: 0 };

const station = fc.record<DrawnStation>({
  id: fc.constantFrom(...Object.keys(PARTS)),
  letter: fc.constantFrom('A', 'B', 'C'),
  form: fc.constantFrom('good', 'good', 'good', 'good', 'good', 'repeated', 'conflicting', 'bad'),
});
const document = fc.record({
  is: fc.constant('a document' as const),
  stations: fc.uniqueArray(station, { selector: ({ id }) => id, minLength: 1, maxLength: 4 }),
});
const feed: fc.Arbitrary<DrawnFeed> = fc.oneof(
  { weight: 5, arbitrary: document },
  { weight: 3, arbitrary: fc.constant({ is: 'as before' as const }) },
  { weight: 1, arbitrary: fc.constantFrom({ is: 'a failure' as const }, { is: 'empty' as const }) },
);
const feeds = fc.tuple(feed, feed);

/** Once in `one_in` draws something else than what it shrinks to. */
const seldom = <T>(usual: T, other: fc.Arbitrary<T>, one_in: number): fc.Arbitrary<T> =>
  fc.oneof({ weight: one_in - 1, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

const poll = fc.record<DrawnPoll>({
  minutes: fc.constantFrom(1, 1, 1, 1, 1, 2, 3, 9, 10, 11, 29, 31, 61, 600, 1440),
  late: seldom(0, fc.integer({ min: 1, max: 3 }), 6),
  is_missing: seldom(false, fc.constant(true), 10),
  feeds,
  again: seldom<DrawnPoll['again']>(null, feeds, 8),
  refused: seldom<Lane | null>(null, fc.constantFrom('lane-001', 'lane-002'), 12),
  state: seldom<DrawnPoll['state']>('kept', fc.constantFrom('not read', 'not written'), 8),
});

export const season = fc.record<Season>({
  start: fc.constantFrom(1434, 1425, 0, 700, 1439),
  systems: fc.constantFrom(1, 2),
  parts: fc.constantFrom(1, 2),
  interval_s: fc.constantFrom(60, 600),
  polls: fc.array(poll, { minLength: 2, maxLength: 18 }),
  puts: fc.array(fc.constantFrom<PutDraw>('none', 'none', 'none', 'partial', 'reply lost', 'throttled'), {
    maxLength: 8,
  }),
  deliveries: fc.array(
    fc.record<DrawnDelivery>({
      records: fc.integer({ min: 1, max: 9 }),
      is_twice: seldom(false, fc.constant(true), 4),
      limit_bytes: seldom(5_500_000, fc.integer({ min: 1_000, max: 6_000 }), 4),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  batches: fc.array(
    fc.record<DrawnBatch>({
      shard: fc.constantFrom(0, 1),
      records: fc.integer({ min: 1, max: 6 }),
      environment: fc.constantFrom(0, 1),
      is: fc.constantFrom('done', 'done', 'done', 'done', 'delivered again', 'given up'),
    }),
    { minLength: 1, maxLength: 12 },
  ),
  log_puts: fc.array(fc.constantFrom<LogPut>('none', 'none', 'reply lost', 'request lost'), { maxLength: 8 }),
  is_settled_early: fc.boolean(),
});
