import type { Mutant } from '../mutant.ts';

const MAPPING_TEST = 'test/local/mapping.test.ts';
const FIREHOSE_TEST = 'test/local/firehose-delivery.test.ts';
const READER = 'local/aws/mapping/shard-reader.ts';
const DELIVERY = 'local/aws/firehose/stream-delivery.ts';

/** The embedded AWS: what it promises less than AWS would hide bugs, what it promises more would make some. */
export const LOCAL: readonly Mutant[] = [
  {
    name: 'mapping-position-before-the-answer',
    breaks: 'The position moves before the function answered: a kill loses the batch.',
    edits: [
      {
        file: READER,
        find: 'const invocation = await this.#invoke(payload);',
        replace: `const ahead = records.at(-1);
    if (ahead) moveTo(ahead.sequence_number, { done: 0, given_up: 0 });
    const invocation = await this.#invoke(payload);`,
      },
    ],
    tests: [MAPPING_TEST],
  },
  {
    name: 'mapping-failure-document-not-put',
    breaks: 'A batch is given up without a trace.',
    edits: [
      {
        file: READER,
        find: 'await this.#ports.putObject(failure_bucket, key, Buffer.from(body));',
        replace: 'void [key, body];',
      },
    ],
    tests: [MAPPING_TEST],
  },
  {
    name: 'mapping-highest-failure-taken',
    breaks: 'Of several failures the highest counts, and those before it are lost.',
    edits: [
      {
        file: 'local/aws/mapping/batch-answer.ts',
        find: 'lowest = Math.min(lowest, index);',
        replace: 'lowest = lowest === sequence_numbers.length ? index : Math.max(lowest, index);',
      },
    ],
    tests: [MAPPING_TEST],
  },
  {
    name: 'mapping-malformed-answer-is-done',
    breaks: 'An answer that nobody can read is taken for success.',
    edits: [
      {
        file: 'local/aws/mapping/batch-answer.ts',
        find: `if (index < 0) return 'failed';`,
        replace: `if (index < 0) return 'done';`,
      },
    ],
    tests: [MAPPING_TEST],
  },
  {
    name: 'mapping-bisect-drops-a-half',
    breaks: 'Of a batch that is split the second half is lost.',
    edits: [
      {
        file: 'local/aws/mapping/retry.ts',
        find: 'const halves = [records.slice(0, half), records.slice(half)];',
        replace: 'const halves = [records.slice(0, half)];',
      },
    ],
    tests: [MAPPING_TEST],
  },
  {
    name: 'firehose-position-before-the-object',
    breaks: 'The position is written before the object: a kill between loses it.',
    edits: [
      {
        file: DELIVERY,
        find: 'const finished = await this.#converter.finish();',
        replace: 'this.#state.write({ ...this.#cursor });\n    const finished = await this.#converter.finish();',
      },
    ],
    tests: [FIREHOSE_TEST],
  },
  {
    name: 'firehose-marked-record-dropped',
    breaks: 'A record that the transform marked as failed is dropped.',
    edits: [
      {
        file: 'local/aws/firehose/transform-answer.ts',
        find: `if (result === 'ProcessingFailed') return MARKED;`,
        replace: `if (result === 'ProcessingFailed') return { result: 'Dropped' };`,
      },
    ],
    tests: [FIREHOSE_TEST],
  },
  {
    name: 'firehose-goes-on-after-a-failed-put',
    breaks: 'An object that could not be put is passed over.',
    edits: [
      {
        file: DELIVERY,
        find: '    this.#cursor = { ...this.#delivered };\n  }\n\n  #beyond',
        replace: '  }\n\n  #beyond',
      },
    ],
    tests: [FIREHOSE_TEST],
  },
  {
    name: 's3-condition-ignored',
    breaks: 'The embedded S3 puts over an object although it was asked not to.',
    edits: [
      {
        file: 'local/aws/s3/operations.ts',
        find: `if_none_match: absent === '*',`,
        replace: `if_none_match: absent === '',`,
      },
    ],
    tests: ['test/local/aws/s3.test.ts'],
  },
];
