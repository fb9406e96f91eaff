import type { Mutant } from '../mutant.ts';

/** What brings data back: what is lost here was stuck once already. */
export const RECOVER: readonly Mutant[] = [
  {
    name: 'relane-without-the-state',
    breaks: 'A station moves to another lane without its last row: it seems new there.',
    edits: [{ file: 'lib/silver/relane.ts', find: 'setRow(begun, { ...row, part });', replace: 'void setRow;' }],
    tests: ['test/recover/relane.test.ts'],
  },
  {
    name: 'relane-newest-slot-of-the-oldest-part',
    breaks: 'Parts that are divided anew begin with the oldest of their newest slots: a late event is taken for fresh.',
    edits: [
      {
        file: 'lib/silver/relane.ts',
        find: 'const ofAll = Math.max(-Infinity, ...newest.map((slot_ms) => slot_ms ?? -Infinity));',
        replace: 'const ofAll = Math.min(...newest.map((slot_ms) => slot_ms ?? -Infinity));',
      },
    ],
    tests: ['test/recover/relane.test.ts', 'test/recover/relane.property.test.ts'],
  },
  {
    name: 'silver-carried-state-passed-over',
    breaks: 'Who finds the first object of a lane taken applies it without the state that relane put before it.',
    edits: [
      {
        file: 'lib/silver/process-batch.ts',
        find: 'if (before !== null && state.version === 0) remembered.state = before;',
        replace: 'void before;',
      },
    ],
    tests: ['test/recover/relane.test.ts', 'test/recover/relane.property.test.ts'],
  },
  {
    name: 'redrive-marker-before-the-records',
    breaks: 'A document counts as redriven before its records are in the stream: a kill between loses them.',
    edits: [
      {
        file: 'recover/redrive-documents.ts',
        find: 'const unsent = await putRecords(chunks, stream, pause);',
        replace: `await markers.write({ format: 1, from: key, at: '', brought_back: chunks.length, stays });
        const unsent = await putRecords(chunks, stream, pause);`,
      },
    ],
    tests: ['test/recover/redrive.test.ts'],
  },
  {
    name: 'redrive-unsent-counts-as-sent',
    breaks: 'What the stream did not take counts as redriven.',
    edits: [
      { file: 'recover/redrive-documents.ts', find: 'if (unsent.length > 0) {', replace: 'if (unsent.length < 0) {' },
    ],
    tests: ['test/recover/redrive.test.ts'],
  },
  {
    name: 'redeliver-day-not-marked',
    breaks: 'What came back into Bronze is not settled again where settle has no memory of its own (on AWS).',
    edits: [
      {
        file: 'recover/redeliver-errors.ts',
        find: 'if (!dry_run) await mark(objects, day, target);',
        replace: 'void [mark, target];',
      },
    ],
    tests: ['test/recover/redeliver.test.ts'],
  },
  {
    name: 'silver-function-answers-done',
    breaks: 'The function tells Lambda that a batch is done although a lane failed.',
    edits: [
      {
        file: 'functions/silver.ts',
        find: 'batchItemFailures: open === null ? [] : [{ itemIdentifier: open }]',
        replace: 'batchItemFailures: open === null ? [] : []',
      },
    ],
    tests: ['test/silver/function.test.ts'],
  },
];
