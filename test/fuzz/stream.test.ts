/** Whatever lies in the stream, in the log or in an event of Lambda ends in a value or in an error with a name, and no record is left unanswered. */
import { gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { FirehoseTransformationEvent, KinesisStreamEvent } from 'aws-lambda';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exampleEvents } from '../../events/make.ts';
import { toSourceRecords } from '../../lib/bronze/transform-event.ts';
import { unpackRecords } from '../../lib/bronze/unpack.ts';
import type { PollInput } from '../../lib/poll/plan.ts';
import { pollGroup } from '../../lib/poll/poll-group.ts';
import { parseBatch } from '../../lib/silver/batch-event.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/silver/checkpoint.ts';
import { decodeObject, encodeObject } from '../../lib/silver/object.ts';
import { processBatch } from '../../lib/silver/process-batch.ts';
import { emptyState, type LaneState, type LogObject, setRow } from '../../lib/silver/state.ts';
import { decodeChunk, encodeChunk } from '../../lib/stream/chunk.ts';
import { toLaneRecord } from '../../lib/stream/record.ts';
import { LineFault, parseRecordedPoll } from '../../local/sources/recorded-poll.ts';
import { FakeWorld } from '../poll/fakes.ts';
import { MemoryCheckpoints, MemoryLog } from '../silver/memory-log.ts';
import { bounded, boundedAsync, isNamed, runs, TEST_MS } from './bounds.ts';
import { RECORDED } from './documents.ts';
import { anyBytes, badDocument, editedBytes, editedJson } from './mutations.ts';

const SLOT_MS = 1_767_225_600_000;
const line = (id: string) => `{"i":${JSON.stringify(id)},"h":"0123456789abcdef","b":3,"o":${SLOT_MS},"r":"{}"}`;
const CHUNK = encodeChunk('lane-0', SLOT_MS, [
  {
    kind: 'status',
    system_id: 'city',
    part: 0,
    parts: 2,
    fetched_at_ms: SLOT_MS + 5,
    feed_updated_ms: null,
    lines: [line('a'), line('é"')],
  },
  {
    kind: 'information',
    system_id: 'town',
    part: 0,
    parts: 1,
    fetched_at_ms: SLOT_MS + 5,
    feed_updated_ms: 7,
    lines: [line('a')],
  },
]);
const inside = zstdDecompressSync(CHUNK);
const [head = '', ...rest] = inside.toString().split('\n');
/** Chunks whose frame, header or lines were spoiled, and records that are none. */
const badChunk = fc.oneof(
  editedBytes([CHUNK]),
  fc.oneof(editedJson([inside]), editedBytes([inside])).map((text) => zstdCompressSync(text)),
  editedJson([Buffer.from(head)]).map((text) => zstdCompressSync([text.toString(), ...rest].join('\n'))),
  anyBytes,
  anyBytes.map((bytes) => zstdCompressSync(bytes)),
  fc.constant(gzipSync(inside)),
);

const ports = () => ({
  log: new MemoryLog(),
  checkpoints: new MemoryCheckpoints(),
  memory: new Map(),
  checkpoint_every: 1,
  pause: async () => undefined,
  warn: () => undefined,
});
const KEY = /^log\/lane=[A-Za-z0-9][A-Za-z0-9._-]*\/event_date=\d{4}-\d\d-\d\d\/\d{12}\.parquet$/;

describe('a chunk', () => {
  test(
    'is read or rejected, as a chunk and as a record of its lane',
    () => {
      fc.assert(
        fc.property(badChunk, (bytes) => {
          bounded(() => decodeChunk(bytes));
          bounded(() => toLaneRecord(bytes, 'shardId-000000000000', '1'));
        }),
        runs(400),
      );
    },
    TEST_MS,
  );

  test(
    'is answered by the transform: as rows, a JSON object for each line, or with its own bytes',
    () => {
      const source = (bytes: Buffer, n: number) => ({
        record_id: `r${n}`,
        body: bytes.toString('base64'),
        shard_id: 's',
        sequence_number: '1',
        arrived_at_ms: 1,
      });
      const property = fc.property(fc.array(badChunk, { minLength: 1, maxLength: 3 }), (chunks) => {
        const answer = bounded(() => unpackRecords(chunks.map(source)));
        expect(answer?.records.map(({ recordId }) => recordId)).toEqual(chunks.map((_, n) => `r${n}`));
        for (const [n, { result, data }] of (answer?.records ?? []).entries()) {
          const bytes = Buffer.from(data, 'base64');
          if (result !== 'Ok') expect(bytes.equals(chunks[n] ?? Buffer.alloc(0))).toBe(true);
          else expect(bytes.toString().split('\n').length - 1).toBe(decodeChunk(chunks[n] ?? bytes).lines.length);
        }
      });
      fc.assert(property, runs(300));
    },
    TEST_MS,
  );

  test(
    'is consumed by Silver or answered as not done, and names objects by lane, date and version alone',
    async () => {
      const property = fc.asyncProperty(fc.array(badChunk, { minLength: 1, maxLength: 3 }), async (chunks) => {
        const records = chunks.flatMap(
          (bytes, n) => bounded(() => toLaneRecord(bytes, 'shardId-000000000000', String(n + 1))) ?? [],
        );
        const silver = ports();
        const open = await processBatch(records, silver);
        if (open !== null) expect(records.map((r) => r.sequence_number)).toContain(open);
        for (const key of silver.log.objects.keys()) expect(key).toMatch(KEY);
      });
      await fc.assert(property, runs(200));
    },
    TEST_MS,
  );
});

const STATE: LaneState = { ...emptyState(), version: 3, date: '2026-01-01', folder: '2026-01-01' };
STATE.positions.set('shardId-000000000000', '77');
STATE.newest.set('city/status/0', SLOT_MS);
const ROW = {
  kind: 'status',
  system_id: 'city',
  station_id: 'a',
  part: 0,
  slot_ms: SLOT_MS,
  fetched_at_ms: SLOT_MS,
  content_hash: '0123456789abcdef',
  values: { num_bikes_available: 3, is_renting: true, lat: 1.5 },
} as const;
setRow(STATE, ROW);
const BATCH: LogObject = {
  type: 'batch',
  shard_id: 's',
  first_sequence: '7',
  last_sequence: '8',
  records: 1,
  newest: STATE.newest,
  counts: { fresh: 1, unchanged: 0, duplicate: 0, late: 0 },
  changes: [ROW],
};

describe('the log', () => {
  test(
    'an object that was spoiled is read or refused by name',
    async () => {
      const objects = [
        encodeObject('lane-0', 4, BATCH, STATE),
        encodeObject('lane-0', 1, { type: 'turn', next_date: '2026-01-02' }, null),
      ];
      const property = fc.asyncProperty(fc.oneof(editedBytes(objects), anyBytes), async (bytes) => {
        await boundedAsync(() => decodeObject(bytes));
      });
      await fc.assert(property, runs(300));
    },
    TEST_MS,
  );

  test(
    'a checkpoint that was spoiled is one, or none',
    () => {
      const checkpoint = encodeCheckpoint(STATE);
      const text = zstdDecompressSync(checkpoint);
      const bad = fc.oneof(
        editedBytes([checkpoint]),
        fc.oneof(editedJson([text]), editedBytes([text])).map((bytes) => zstdCompressSync(bytes)),
        anyBytes,
      );
      const property = fc.property(bad, (bytes) => {
        const state = bounded(
          () => decodeCheckpoint(bytes),
          () => false,
        );
        if (state === null || state === undefined) return;
        expect(Number.isSafeInteger(state.version) && state.version >= 0).toBe(true);
        for (const date of [state.date, state.folder]) expect(date).toMatch(/^\d{4}-\d\d-\d\d$/);
        for (const slot_ms of state.newest.values()) expect(Number.isSafeInteger(slot_ms)).toBe(true);
        for (const position of state.positions.values()) expect(position).toMatch(/^\d+$/);
        encodeObject('lane-0', 1, BATCH, state); // what it holds can be written
      });
      fc.assert(property, runs(400));
    },
    TEST_MS,
  );
});

describe('the events of Lambda', () => {
  const events = exampleEvents();
  const spoiled = (text: string) =>
    editedJson([Buffer.from(text)]).chain((bytes) => {
      try {
        return fc.constant(JSON.parse(bytes.toString()) as unknown);
      } catch {
        return fc.jsonValue();
      }
    });

  test(
    'a batch of Kinesis: each record is of a lane, foreign, or passed over',
    () => {
      const property = fc.property(
        spoiled(events.silver),
        (event) => void bounded(() => parseBatch(event as KinesisStreamEvent)),
      );
      fc.assert(property, runs(300));
    },
    TEST_MS,
  );

  test(
    'a transform of Firehose: each record is answered',
    () => {
      const property = fc.property(spoiled(events.bronze), (event) => {
        const sources = bounded(() => toSourceRecords(event as FirehoseTransformationEvent));
        if (sources !== undefined) expect(bounded(() => unpackRecords(sources))?.records).toHaveLength(sources.length);
      });
      fc.assert(property, runs(300));
    },
    TEST_MS,
  );

  test(
    'a poll: receipts, or a FatalError that says what to invoke with',
    async () => {
      const property = fc.asyncProperty(spoiled(events.poll), async (input) => {
        await boundedAsync(() => pollGroup(input as PollInput, new FakeWorld().ports()));
      });
      await fc.assert(property, runs(150));
    },
    TEST_MS,
  );
});

test(
  'a line of a recording is a poll, or says why it is none',
  () => {
    const isFault = (error: unknown): boolean => error instanceof LineFault || isNamed(error);
    const property = fc.property(badDocument(RECORDED), (text) => {
      const poll = bounded(() => parseRecordedPoll(1, text), isFault);
      if (poll === undefined) return;
      expect(Number.isFinite(poll.fetched_at_ms)).toBe(true);
      if (!poll.is_raw) JSON.parse(poll.body.toString());
    });
    fc.assert(property, runs(600));
  },
  TEST_MS,
);
