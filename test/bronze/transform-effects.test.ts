import { zstdCompressSync } from 'node:zlib';
import type { FirehoseTransformationEvent } from 'aws-lambda';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toSourceRecords } from '../../lib/bronze/transform-event.ts';
import { unpackRecords } from '../../lib/bronze/unpack.ts';
import { encodeChunk } from '../../lib/stream/chunk.ts';

/** The Bronze transform has no effect but its answer: Firehose hands the same records again, alone or with others, whenever it gets none. */
const line = (id: string, raw: string) =>
  `{"i":${JSON.stringify(id)},"h":"0123456789abcdef","b":3,"r":${JSON.stringify(raw)}}`;

const arbEntry = fc.record({
  system_id: fc.constantFrom('a', 'b"\\', '__proto__'),
  ids: fc.array(fc.string({ unit: 'binary', maxLength: 6 }), { maxLength: 4 }),
  raw: fc.constantFrom('{}', 'x'.repeat(200), '"\\\n'),
});
const arbChunk = fc
  .record({ lane: fc.constantFrom('lane-0', null), entries: fc.array(arbEntry, { maxLength: 3 }) })
  .map(({ lane, entries }) =>
    encodeChunk(
      lane,
      600,
      entries.map(({ system_id, ids, raw }) => ({
        kind: lane === null ? ('receipt' as const) : ('status' as const),
        system_id,
        part: 0,
        parts: 1,
        fetched_at_ms: 1000,
        feed_updated_ms: null,
        lines: ids.map((id) => line(id, raw)),
      })),
    ),
  );
const header = (entries: unknown) => JSON.stringify({ format: 1, lane: 'lane-0', slot_ms: 600, entries });
const arbForeign = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom(
      '',
      '{}',
      'null',
      '[1]',
      '{"format":99}',
      header([]),
      header(null),
      header([null]),
      header([{ lines: 0 }]),
      header([{ kind: 'status', system_id: 'a', part: 0, lines: -1, fetched_at_ms: 1 }]),
    )
    .map((text) => zstdCompressSync(`${text}\n`)),
  fc.tuple(arbChunk, fc.nat()).map(([chunk, n]) => chunk.subarray(0, n % chunk.length)),
);
const arbRecords = fc.array(fc.oneof({ weight: 3, arbitrary: arbChunk }, arbForeign), { maxLength: 6 });

const eventOf = (records: readonly Buffer[]) =>
  ({
    records: records.map((bytes, n) => ({
      recordId: `r${n}`,
      data: bytes.toString('base64'),
      kinesisRecordMetadata: {
        shardId: 'shardId-000000000000',
        sequenceNumber: `${n}`,
        approximateArrivalTimestamp: 1700,
      },
    })),
  }) as unknown as FirehoseTransformationEvent;
const transform = (records: readonly Buffer[], limit_bytes?: number) =>
  unpackRecords(toSourceRecords(eventOf(records)), limit_bytes).records;

const property = (check: (records: readonly Buffer[], limit_bytes: number) => void) =>
  fc.assert(fc.property(arbRecords, fc.integer({ min: 2_000, max: 6_000 }), check), { numRuns: 300, seed: 20261121 });

test('each record is answered, once and in order, whatever the others are: with its rows or with its own bytes', () => {
  property((records, limit_bytes) => {
    const answers = transform(records, limit_bytes);
    expect(answers.map((answer) => answer.recordId)).toEqual(records.map((_, n) => `r${n}`));
    answers.forEach(({ result, data }, n) => {
      if (result === 'ProcessingFailed') expect(data).toBe(records[n]?.toString('base64'));
      else
        for (const row of rowsOf(data))
          expect(row).toMatchObject({ q: `${n}`, S: 'shardId-000000000000', a: 1700, t: 600 });
    });
  });
});

test('the same records again get the same answer', () => {
  property((records, limit_bytes) => {
    expect(transform(records, limit_bytes)).toEqual(transform(records, limit_bytes));
  });
});

test('a record alone has the rows that it has among others, unless there was no room for it', () => {
  property((records, limit_bytes) => {
    const together = transform(records, limit_bytes);
    records.forEach((record, n) => {
      const alone = transform([...records.slice(0, n).map(() => Buffer.alloc(0)), record])[n];
      if (together[n]?.result === 'Ok') expect(together[n]).toEqual(alone);
    });
  });
});

test('the rows are the lines of the chunk, each once and in order, and only a failed record has none', () => {
  fc.assert(
    fc.property(fc.array(arbEntry, { minLength: 1, maxLength: 3 }), (entries) => {
      const sent = entries.map(({ system_id, ids, raw }) => ({
        kind: 'status' as const,
        system_id,
        part: 0,
        parts: 1,
        fetched_at_ms: 1000,
        feed_updated_ms: null,
        lines: ids.map((id) => line(id, raw)),
      }));
      const [answer] = transform([encodeChunk('lane-0', 600, sent)]);
      expect(answer?.result).toBe('Ok');
      const wanted = entries.flatMap(({ system_id, ids, raw }) => ids.map((id) => [system_id, id, raw]));
      expect(rowsOf(answer?.data ?? '').map((row) => [row.s, row.i, row.r])).toEqual(wanted);
      expect(rowsOf(answer?.data ?? '').map((row) => row.n)).toEqual(wanted.map((_, n) => n + 1));
    }),
    { numRuns: 300, seed: 20261121 },
  );
});

test('a record without the metadata of a stream fails the whole call: Firehose hands it again', () => {
  const event = { records: [{ recordId: 'r0', data: '' }] } as unknown as FirehoseTransformationEvent;
  expect(() => toSourceRecords(event)).toThrow('record 0 of the event has no id, data or Kinesis metadata');
});

const rowsOf = (data: string): Record<string, unknown>[] =>
  Buffer.from(data, 'base64')
    .toString()
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => JSON.parse(row) as Record<string, unknown>);
