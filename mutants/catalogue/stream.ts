import type { Mutant } from '../mutant.ts';

const PUT = 'test/stream/put-records.test.ts';
const CHUNK = 'test/stream/chunk.test.ts';
const UNPACK = 'test/bronze/unpack.test.ts';

/** Stream: at least once, in order within a lane. Bronze: every record is answered, every line has a name. */
export const STREAM: readonly Mutant[] = [
  {
    name: 'stream-all-entries-sent-again',
    breaks: 'One failed entry sends the whole call again.',
    edits: [
      {
        file: 'lib/stream/put-records.ts',
        find: 'if (codes[n] === null) advance',
        replace: 'if (n >= 0 && codes.every((code) => code === null)) advance',
      },
    ],
    tests: [PUT],
  },
  {
    name: 'stream-failed-entries-forgotten',
    breaks: 'An entry that the stream did not take counts as sent.',
    edits: [
      { file: 'lib/stream/put-records.ts', find: 'if (codes[n] === null) advance', replace: 'if (n >= 0) advance' },
    ],
    tests: [PUT],
  },
  {
    name: 'stream-lost-call-read-as-sent',
    breaks: 'A call that failed as a whole counts as sent.',
    edits: [
      {
        file: 'lib/stream/put-records.ts',
        find: 'codes: wave.map(() => error.reason)',
        replace: 'codes: wave.map(() => null)',
      },
    ],
    tests: [PUT],
  },
  {
    name: 'stream-entry-codes-ignored',
    breaks: 'PutRecords answers which records it did not take, and nobody looks.',
    edits: [
      {
        file: 'lib/stream/kinesis-stream.ts',
        find: 'answer.Records?.[n]?.ErrorCode ?? null',
        replace: 'answer.Records?.[n]?.SequenceNumber === undefined ? null : null',
      },
    ],
    tests: ['test/poll/adapters.test.ts'],
  },
  {
    name: 'stream-unknown-chunk-format-read',
    breaks: 'A chunk of an unknown format is read as one of ours.',
    edits: [
      {
        file: 'lib/stream/chunk.ts',
        find: 'if (format !== CHUNK_FORMAT || !isHeader(header))',
        replace: 'if (!isHeader(header))',
      },
    ],
    tests: [CHUNK],
  },
  {
    name: 'stream-escaped-quote-ends-an-id',
    breaks: 'A station id with a quote in it is cut.',
    edits: [{ file: 'lib/stream/chunk.ts', find: 'return backslashes % 2 === 1;', replace: 'return backslashes > 1;' }],
    tests: [CHUNK],
  },
  {
    name: 'stream-chunks-not-padded',
    breaks: 'A chunk may grow so much in the transform that its answer passes 6 MB.',
    edits: [
      {
        file: 'lib/stream/chunk.ts',
        find: 'if (missing <= SKIPPABLE_HEADER_BYTES) return frame;',
        replace: 'if (missing <= SKIPPABLE_HEADER_BYTES || missing > 0) return frame;',
      },
    ],
    tests: [CHUNK],
  },
  {
    name: 'bronze-answer-not-limited',
    breaks: 'The answer of the transform may pass what Lambda takes.',
    edits: [{ file: 'lib/bronze/unpack.ts', find: 'if (more > room) throw', replace: 'if (more > Infinity) throw' }],
    tests: [UNPACK],
  },
  {
    name: 'bronze-failed-record-dropped',
    breaks: 'A record that can not be unpacked is answered as done, without rows.',
    edits: [
      {
        file: 'lib/bronze/unpack.ts',
        find: `result: 'ProcessingFailed', data: record.body };`,
        replace: `result: 'Ok', data: '' };`,
      },
    ],
    tests: [UNPACK],
  },
  {
    name: 'bronze-bad-record-fails-the-batch',
    breaks: 'A record that is no chunk fails the transform as a whole.',
    edits: [
      {
        file: 'lib/bronze/unpack.ts',
        find: 'if (!(error instanceof RejectedInput)) throw error;',
        replace: 'throw error;',
      },
    ],
    tests: [UNPACK],
  },
  {
    name: 'bronze-lines-numbered-by-entry',
    breaks: 'Two lines of a chunk have one number, and count as one.',
    edits: [
      { file: 'lib/bronze/unpack.ts', find: 'text += `${front}${number},', replace: 'text += `${front}${i + 1},' },
    ],
    tests: [UNPACK],
  },
];
