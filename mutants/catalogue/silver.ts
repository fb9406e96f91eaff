import type { Mutant } from '../mutant.ts';

const BATCH = 'test/silver/process-batch.test.ts';
const CHAIN = 'test/silver/chain.property.test.ts';
const LANES = 'test/silver/lanes-and-shards.test.ts';
const ADAPTERS = 'test/silver/adapters.test.ts';
/** Literal cases first, then what is drawn. */
const PROTOCOL = [BATCH, CHAIN];

const JUDGE = 'lib/silver/judge.ts';
const PROCESS = 'lib/silver/process-batch.ts';
const STATE = 'lib/silver/state.ts';
const OBJECT = 'lib/silver/object.ts';
const S3_LOG = 'lib/silver/s3-log.ts';
const DYNAMO = 'lib/silver/dynamo-checkpoint.ts';

/** The names: a name is created once, and follows from the chain alone. */
const NAMES: readonly Mutant[] = [
  {
    name: 'silver-put-without-condition',
    breaks: 'The log object is put whether or not its name is taken.',
    edits: [{ file: S3_LOG, find: `Body: bytes, IfNoneMatch: '*' }`, replace: 'Body: bytes }' }],
    tests: [ADAPTERS],
  },
  {
    name: 'silver-412-read-as-created',
    breaks: 'S3 says that the name is taken, and it is read as success.',
    edits: [
      { file: S3_LOG, find: `if (status === 412) return 'exists';`, replace: `if (status === 412) return 'created';` },
    ],
    tests: [ADAPTERS],
  },
  {
    name: 'silver-5xx-read-as-failure',
    breaks: 'A put without a clear answer is thrown instead of asked again under the same name.',
    edits: [
      {
        file: S3_LOG,
        find: `if (status === undefined || status >= 500 || status === 409) return 'unknown';`,
        replace: '',
      },
    ],
    tests: [ADAPTERS],
  },
  {
    name: 'silver-taken-name-read-as-success',
    breaks: 'An object that was there already is taken for the own one.',
    edits: [
      {
        file: PROCESS,
        find: `if ((await putUntilKnown(key, bytes, ports)) === 'created') {`,
        replace: `if ((await putUntilKnown(key, bytes, ports)) !== null) {`,
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-same-rows-under-the-next-version',
    breaks: 'Where the name is taken, the same rows go under the next one, unjudged.',
    edits: [
      {
        file: PROCESS,
        find: 'apply(remembered.state, folder, first);',
        replace: `apply(remembered.state, folder, first);
      const next = state.version + 1;
      const again = encodeObject(lane, next, object, state.date === state.folder ? null : state);
      if (object.type === 'batch' && (await putUntilKnown(logKey(lane, state.date, next), again, ports)) === 'created')
        apply(state, state.date, object);`,
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-unknown-read-as-created',
    breaks: 'A put whose answer was lost counts as done.',
    edits: [
      {
        file: PROCESS,
        find: `if (outcome !== 'unknown') return outcome;`,
        replace: `return outcome === 'unknown' ? 'created' : outcome;`,
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-taken-object-passed-over',
    breaks: 'What stands under a taken name is counted as a version, but not applied.',
    edits: [
      {
        file: PROCESS,
        find: 'apply(remembered.state, folder, first);',
        replace: 'void first; state.version += 1;',
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-no-object-without-a-change',
    breaks: 'A batch that changes nothing leaves no object.',
    edits: [
      {
        file: JUDGE,
        find: `  return {\n    type: 'batch',`,
        replace: `  if (judge.changes.length === 0) return null;\n  return {\n    type: 'batch',`,
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-date-from-the-batch',
    breaks: 'The date in the name is that of the batch, not that of the chain.',
    edits: [
      {
        file: PROCESS,
        find: 'const folder = state.date;',
        replace: `const newest_ms = Math.max(...records.map((r) => r.slot_ms));
    const folder = object.type === 'turn' ? state.date : new Date(newest_ms).toISOString().slice(0, 10);`,
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-no-turn-at-midnight',
    breaks: 'After the first date the chain never turns: every later day lies in the first folder.',
    edits: [
      { file: JUDGE, find: 'if (firstDate > state.date) return', replace: 'if (state.version === 0) return' },
      {
        file: JUDGE,
        find: 'const until = beyond.findIndex((record) => dateOf(record.slot_ms) > state.date);',
        replace: 'const until = -1;',
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-batch-not-cut-at-midnight',
    breaks: 'A batch that reaches over midnight goes whole into the folder of the old day.',
    edits: [
      { file: JUDGE, find: 'until < 0 ? beyond : beyond.slice(0, until)', replace: 'until < 0 ? beyond : [...beyond]' },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-folder-without-the-state',
    breaks: 'The first object of a folder lacks the state before it.',
    edits: [{ file: PROCESS, find: 'folder === state.folder ? null : state)', replace: 'null)' }],
    tests: PROTOCOL,
  },
  {
    name: 'silver-oldest-folder-folded',
    breaks: 'Without a checkpoint the state is that of the first folder of the lane.',
    edits: [{ file: 'lib/silver/log.ts', find: '.sort().at(-1);', replace: '.sort().at(0);' }],
    tests: [LANES],
  },
];

/** Positions: what an object consumed stands in it. */
const POSITIONS: readonly Mutant[] = [
  {
    name: 'silver-position-one-too-low',
    breaks: 'When a batch begins, the record at the position is consumed again.',
    edits: [
      { file: PROCESS, find: '  let behind = false;', replace: '  let behind = false;\n  let begun = false;' },
      {
        file: PROCESS,
        find: 'const object = nextObject(state, records);',
        replace: `const lower = [...state.positions].map(([shard, at]) => [shard, String(BigInt(at) - 1n)] as const);
    const object = nextObject(begun ? state : { ...state, positions: new Map(lower) }, records);
    begun ||= object?.type === 'batch';`,
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-position-one-too-high',
    breaks: 'The record after the position is passed over.',
    edits: [
      {
        file: JUDGE,
        find: 'compareSequence(record.sequence_number, position) > 0',
        replace: 'BigInt(record.sequence_number) > BigInt(position) + 1n',
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-position-is-the-first-record',
    breaks: 'An object moves the position to the first record that it consumed.',
    edits: [
      {
        file: STATE,
        find: 'state.positions.set(object.shard_id, object.last_sequence);',
        replace: 'state.positions.set(object.shard_id, object.first_sequence);',
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-position-not-compared',
    breaks: 'A batch that is delivered again is consumed again.',
    edits: [
      { file: PROCESS, find: '  let behind = false;', replace: '  let behind = false;\n  let begun = false;' },
      {
        file: PROCESS,
        find: 'const object = nextObject(state, records);',
        replace: `const object = nextObject(begun ? state : { ...state, positions: new Map() }, records);
    begun ||= object?.type === 'batch';`,
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-sequence-compared-as-text',
    breaks: 'Sequence number 10 comes before 9.',
    edits: [{ file: 'lib/stream/record.ts', find: 'return a.length - b.length || (', replace: 'return (' }],
    tests: PROTOCOL,
  },
  {
    name: 'silver-one-position-for-all-shards',
    breaks: 'The newest position of any shard counts for every shard.',
    edits: [
      {
        file: JUDGE,
        find: 'const position = state.positions.get(record.shard_id);',
        replace: 'const position = [...state.positions.values()].sort(compareSequence).at(-1);',
      },
    ],
    tests: [LANES],
  },
  {
    name: 'silver-checkpoint-without-positions',
    breaks: 'A checkpoint forgets what was consumed.',
    edits: [{ file: 'lib/silver/checkpoint.ts', find: 'positions: [...positions],', replace: 'positions: [],' }],
    tests: PROTOCOL,
  },
];

/** Judging: fresh, unchanged, duplicate, late. */
const JUDGING: readonly Mutant[] = [
  {
    name: 'silver-hash-not-compared',
    breaks: 'Every newer event is a change.',
    edits: [{ file: JUDGE, find: 'last?.content_hash === event.hash', replace: 'false' }],
    tests: PROTOCOL,
  },
  {
    name: 'silver-slot-newer-or-equal',
    breaks: 'An equal slot is judged as a newer one.',
    edits: [
      { file: JUDGE, find: 'else if (slot_ms === newest) this.counts.duplicate += part.events.length;', replace: '' },
    ],
    tests: ['test/silver'],
  },
  {
    name: 'silver-late-counted-as-duplicate',
    breaks: 'Events of an older slot count as duplicates.',
    edits: [
      {
        file: JUDGE,
        find: 'this.counts.late += part.events.length;',
        replace: 'this.counts.duplicate += part.events.length;',
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-newest-slot-from-the-last-row',
    breaks: "The newest slot of a part is that of its stations' last rows, so that an unchanged slot is forgotten.",
    edits: [
      {
        file: JUDGE,
        find: 'this.newest = new Map(state.newest);',
        replace: `this.newest = new Map();
    for (const row of [...state.stations.values()].flatMap((rows) => [...rows.values()])) {
      const key = \`\${row.system_id}/\${row.kind}/\${row.part}\`;
      this.newest.set(key, Math.max(row.slot_ms, this.newest.get(key) ?? 0));
    }`,
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-newest-slot-set',
    breaks: 'A late slot sets the newest slot back instead of leaving it.',
    edits: [
      {
        file: JUDGE,
        find: 'if (slot_ms < newest) this.counts.late += part.events.length;',
        replace: `if (slot_ms < newest) {
      this.counts.late += part.events.length;
      this.newest.set(part.key, slot_ms);
    }`,
      },
      {
        file: STATE,
        find: 'if (slot_ms > (state.newest.get(key) ?? -Infinity)) state.newest.set(key, slot_ms);',
        replace: 'state.newest.set(key, slot_ms);',
      },
    ],
    tests: ['test/silver'],
  },
  {
    name: 'silver-newest-slot-only-in-the-checkpoint',
    breaks: 'Log objects do not say what the newest slots are.',
    edits: [
      {
        file: OBJECT,
        find: 'newest_slots: JSON.stringify(Object.fromEntries(newest))',
        replace: "newest_slots: newest.size < 0 ? '' : '{}'",
      },
      {
        file: OBJECT,
        find: 'positions: [...positions], newest: [...newest] };',
        replace: 'positions: [...positions], newest: [...newest].slice(0, 0) };',
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-judged-against-the-state-before',
    breaks: 'The records of a batch are judged against the state before the batch.',
    edits: [{ file: JUDGE, find: 'over.get(event.id) ?? known?.get(event.id)', replace: 'known?.get(event.id)' }],
    tests: PROTOCOL,
  },
  {
    name: 'silver-one-newest-slot-for-all-parts',
    breaks: 'The newest slot of a system counts for all of its parts.',
    edits: [
      {
        file: JUDGE,
        find: 'this.newest.get(part.key)',
        replace: 'this.newest.get(systemKey(part.system_id, part.kind))',
      },
      {
        file: JUDGE,
        find: 'this.newest.set(part.key, slot_ms);',
        replace: 'this.newest.set(systemKey(part.system_id, part.kind), slot_ms);',
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-moved-station-judged-by-its-part-alone',
    breaks: 'A station that moved between parts gets a row that is no newer than its last one.',
    edits: [
      {
        file: JUDGE,
        find: 'last !== undefined && slot_ms <= last.slot_ms',
        replace: 'last !== undefined && slot_ms < 0',
      },
    ],
    tests: PROTOCOL,
  },
];

/** Answers: what is not done comes again. */
const ANSWERS: readonly Mutant[] = [
  {
    name: 'silver-whole-batch-failed',
    breaks: 'One failed lane fails the batch from its first record on.',
    edits: [
      {
        file: PROCESS,
        find: 'return open.filter((s) => s !== null).sort(compareSequence)[0] ?? null;',
        replace: 'return open.some((s) => s !== null) ? (records[0]?.sequence_number ?? null) : null;',
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-one-record-too-many-answered',
    breaks: 'The answer is the record after the lowest that is not done.',
    edits: [
      {
        file: PROCESS,
        find: 'return open[0]?.sequence_number ?? null;',
        replace: 'return open[1]?.sequence_number ?? null;',
      },
    ],
    tests: PROTOCOL,
  },
  {
    name: 'silver-highest-record-answered',
    breaks: 'Of the failed lanes the highest record is answered.',
    edits: [
      { file: PROCESS, find: '.sort(compareSequence)[0] ?? null;', replace: '.sort(compareSequence).at(-1) ?? null;' },
    ],
    tests: [LANES],
  },
  {
    name: 'silver-error-swallowed',
    breaks: 'A lane that failed answers that it is done.',
    edits: [{ file: PROCESS, find: 'return lowestOpen(remembered?.state, records);', replace: 'return null;' }],
    tests: PROTOCOL,
  },
  {
    name: 'silver-failed-lane-fails-the-others',
    breaks: 'The error of one lane ends the batch.',
    edits: [{ file: PROCESS, find: 'return lowestOpen(remembered?.state, records);', replace: 'throw error;' }],
    tests: PROTOCOL,
  },
  {
    name: 'silver-stale-state-used',
    breaks: 'A state of months ago is used, behind which objects may have expired.',
    edits: [{ file: PROCESS, find: 'newestSlot(known.state) >= newest - STALE_MS', replace: 'newest > 0' }],
    tests: PROTOCOL,
  },
  {
    name: 'silver-checkpoint-refusal-is-an-error',
    breaks: 'A checkpoint that is refused because a newer one is there is an error.',
    edits: [
      {
        file: DYNAMO,
        find: 'if (!(error instanceof ConditionalCheckFailedException)) throw error;',
        replace: 'throw error;',
      },
    ],
    tests: [ADAPTERS],
  },
  {
    name: 'silver-foreign-record-fails-the-batch',
    breaks: 'A record that is no chunk stops its shard.',
    edits: [
      {
        file: 'lib/silver/batch-event.ts',
        find: 'if (!(error instanceof RejectedInput)) throw error;',
        replace: 'throw error;',
      },
    ],
    tests: [ADAPTERS],
  },
];

/** Known to be as good, by the design's model; what comes out is judged, not how. */
const EQUIVALENT: readonly Mutant[] = [
  {
    name: 'silver-answer-before-the-checkpoint',
    breaks: 'The batch is answered while the checkpoint is still being written.',
    edits: [
      {
        file: PROCESS,
        find: '  await checkpoint(lane, remembered, ports);\n  return null;',
        replace: '  void checkpoint(lane, remembered, ports);\n  return null;',
      },
    ],
    tests: [CHAIN],
    equivalent: 'The log is the truth and the checkpoint a cache of it: a lost one costs collisions and never a row.',
  },
  {
    name: 'silver-unconditional-checkpoint',
    breaks: 'A checkpoint replaces a newer one.',
    edits: [
      {
        file: 'test/silver/memory-log.ts',
        find: 'if ((this.items.get(lane)?.version ?? -1) >= item.version) return;',
        replace: '',
      },
    ],
    tests: [CHAIN],
    equivalent:
      'An older state collides with the names that are taken and reads on from there; what it lacks stands in the log. (The store of the test is changed: the condition is the store’s.)',
  },
  {
    name: 'silver-memory-never-used',
    breaks: 'Each batch begins with the checkpoint.',
    edits: [
      {
        file: PROCESS,
        find: 'ports.memory.get(lane) ?? (await fromCheckpoint(lane, ports))',
        replace: 'await fromCheckpoint(lane, ports)',
      },
    ],
    tests: [CHAIN],
    equivalent: 'Any state will do: a stale one costs collisions, never a row. Memory saves the reading.',
  },
  {
    name: 'silver-newest-slot-set-by-apply',
    breaks: 'Applying an object sets the newest slots instead of raising them.',
    edits: [
      {
        file: STATE,
        find: 'if (slot_ms > (state.newest.get(key) ?? -Infinity)) state.newest.set(key, slot_ms);',
        replace: 'state.newest.set(key, slot_ms);',
      },
    ],
    tests: [CHAIN],
    equivalent:
      'An object is applied to the state right before it only, and holds the newest slots of all parts, raised already where it was judged (silver-newest-slot-set breaks that as well, and is killed).',
  },
];

export const SILVER: readonly Mutant[] = [...NAMES, ...POSITIONS, ...JUDGING, ...ANSWERS, ...EQUIVALENT];
