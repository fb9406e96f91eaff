import { expect, test } from 'vitest';
import { ANSWER_LIMIT_BYTES, type SourceRecord, unpackRecords } from '../../lib/bronze/unpack.ts';
import { type Entry, encodeChunk, MAX_EXPANSION } from '../../lib/stream/chunk.ts';

const source = (chunk: Buffer, record_id = 'r1'): SourceRecord => ({
  record_id,
  body: chunk.toString('base64'),
  shard_id: 'shardId-000000000000',
  sequence_number: '49',
  arrived_at_ms: 1700,
});
const entry = (system_id: string, lines: string[], feed_updated_ms: number | null = 900): Entry => ({
  kind: 'status',
  system_id,
  part: 1,
  parts: 2,
  fetched_at_ms: 1000,
  feed_updated_ms,
  lines,
});
const line = (id: string, raw = '{}') => `{"i":"${id}","h":"0123456789abcdef","b":3,"r":${JSON.stringify(raw)}}`;
const text = (data: string) => Buffer.from(data, 'base64').toString();

test('each line becomes a row: the metadata of stream and chunk in front, numbered over the whole chunk', () => {
  const chunk = encodeChunk('lane-0', 600, [entry('a', [line('A1')]), entry('b', [line('B1')], null)]);
  const { records } = unpackRecords([source(chunk)]);
  expect(records.map((r) => [r.recordId, r.result])).toEqual([['r1', 'Ok']]);
  expect(text(records[0]?.data ?? '')).toBe(
    '{"V":1,"k":"status","s":"a","p":1,"f":1000,"u":900,"t":600,"l":"lane-0","S":"shardId-000000000000","q":"49","a":1700,"n":1,"i":"A1","h":"0123456789abcdef","b":3,"r":"{}"}\n' +
      '{"V":1,"k":"status","s":"b","p":1,"f":1000,"t":600,"l":"lane-0","S":"shardId-000000000000","q":"49","a":1700,"n":2,"i":"B1","h":"0123456789abcdef","b":3,"r":"{}"}\n',
  );
});

test('a record that is no chunk is answered as failed, with its own bytes; the others go on', () => {
  const chunk = encodeChunk('lane-0', 600, [entry('a', [line('A1')])]);
  const { records, failed } = unpackRecords([source(Buffer.from('hello'), 'r0'), source(chunk)]);
  expect(records.map((r) => [r.recordId, r.result])).toEqual([
    ['r0', 'ProcessingFailed'],
    ['r1', 'Ok'],
  ]);
  expect(text(records[0]?.data ?? '')).toBe('hello');
  expect(failed).toEqual([{ record_id: 'r0', reason: 'not_a_chunk: the record is not zstd' }]);
});

test('what would pass the limit of the answer is marked as failed; what fits goes through', () => {
  const big = encodeChunk('lane-0', 600, [entry('a', [line('A1', 'x'.repeat(90_000))])]);
  const small = encodeChunk('lane-0', 600, [entry('a', [line('A1')])]);
  const { records } = unpackRecords([source(big, 'r0'), source(big, 'r1'), source(small, 'r2')], 150_000);
  expect(records.map((r) => r.result)).toEqual(['Ok', 'ProcessingFailed', 'Ok']);
  expect(JSON.stringify({ records }).length).toBeLessThan(150_000);
});

test('chunks that compress extremely well stay inside the answer at a buffer hint of 0.2 MB, and none of them fails', () => {
  const lines = Array.from({ length: 1000 }, (_, i) => line(String(i).padStart(8, '0'), '0'.repeat(300)));
  const chunk = encodeChunk('lane-0', 600, [entry('a', lines)]);
  // The buffer is full once it passes the hint: it overshoots by up to one record.
  const count = Math.ceil((0.2 * 1024 * 1024) / chunk.length);
  const { records } = unpackRecords(Array.from({ length: count }, (_, i) => source(chunk, `r${i}`)));
  expect(new Set(records.map((r) => r.result))).toEqual(new Set(['Ok']));
  expect(JSON.stringify({ records }).length).toBeLessThan(ANSWER_LIMIT_BYTES);
  expect((records[0]?.data.length ?? 0) / chunk.length).toBeLessThan(MAX_EXPANSION);
});

test('a chunk larger than the answer alone is left to the error prefix', () => {
  const chunk = encodeChunk('lane-0', 600, [entry('a', [line('A1', 'x'.repeat(6_000_000))])]);
  expect(unpackRecords([source(chunk)]).records[0]?.result).toBe('ProcessingFailed');
});
