import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StationEvent, StationStatus } from '../../lib/event.ts';
import { decodeChunk, type Entry, encodeChunk, eventLine, packChunks, toEventLine } from '../../lib/stream/chunk.ts';
import { toNamed } from '../../lib/stream/columns.ts';

const STATUS: StationStatus = {
  station_id: 'A1',
  num_bikes_available: 3,
  num_bikes_disabled: null,
  num_docks_available: 0,
  num_docks_disabled: null,
  capacity: null,
  is_installed: true,
  is_renting: true,
  is_returning: false,
  vehicle_types: '[["e",1]]',
  last_reported_ms: 1656428406000,
  flags: null,
};
const event = (station_id: string): StationEvent => ({
  kind: 'status',
  content_hash: '0123456789abcdef',
  values: { ...STATUS, station_id },
  raw: '{"station_id":"A1"}',
});
const entry = (part: number, lines: string[]): Entry => ({
  kind: 'status',
  system_id: 'docomo',
  part,
  parts: 2,
  fetched_at_ms: 5,
  feed_updated_ms: null,
  lines,
});

test('a chunk is zstd over NDJSON: a header, then a line per event with station id and content hash first', () => {
  const chunk = encodeChunk('tokyo-0', 1000, [entry(0, [eventLine(event('A1'))])]);
  expect(zstdDecompressSync(chunk).toString()).toBe(
    '{"format":1,"lane":"tokyo-0","slot_ms":1000,"entries":[{"kind":"status","system_id":"docomo","part":0,"parts":2,"fetched_at_ms":5,"feed_updated_ms":null,"lines":1}]}\n' +
      '{"i":"A1","h":"0123456789abcdef","b":3,"d":0,"I":true,"R":true,"T":false,"v":"[[\\"e\\",1]]","o":1656428406000,"r":"{\\"station_id\\":\\"A1\\"}"}\n',
  );
});

test('null is an absent key, 0 and false are not', () => {
  const named = toNamed(JSON.parse(eventLine(event('A1'))));
  expect(named).toMatchObject({ num_docks_available: 0, is_returning: false });
  expect(named).not.toHaveProperty('num_bikes_disabled');
});

test.each([['a"b'], ['a\\'], ['a\\"'], ['"'], ['\\\\"b'], ['","h":"']])('the id %s is not cut at its quotes', (id) => {
  const line = eventLine(event(id));
  expect(toEventLine(line)).toEqual({ id: JSON.stringify(id).slice(1, -1), hash: '0123456789abcdef', line });
});

test('a chunk becomes at most 16 times its size in the answer of the transform, however well it compresses', () => {
  const lines = Array.from({ length: 500 }, (_, n) => eventLine(event(`A${n}`)));
  const chunk = encodeChunk('tokyo-0', 1000, [entry(0, lines)]);
  const rows_bytes = lines.join('\n').length + lines.length * 240; // with the stream's metadata in each row
  expect((rows_bytes / 3) * 4).toBeGreaterThan(16 * 8_000);
  expect((rows_bytes / 3) * 4).toBeLessThanOrEqual(16 * chunk.length);
  expect(decodeChunk(chunk).lines).toEqual(lines);
});

test('any station id comes back from the first bytes of its line as from the parsed line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (id) => {
      const line = eventLine(event(id));
      const found = toEventLine(line);
      expect(JSON.parse(`"${found.id}"`)).toBe((JSON.parse(line) as { i: string }).i);
      expect(found.hash).toBe('0123456789abcdef');
    }),
  );
});

test('an entry is never divided, and chunks hold the entries in order', () => {
  const lines = [eventLine(event('A1')), eventLine(event('A2'))];
  const chunks = packChunks(
    'l',
    1,
    [entry(0, lines), entry(1, lines), entry(0, lines)],
    2 * lines.join('\n').length + 4,
  );
  expect(chunks.map((c) => decodeChunk(c).header.entries.map((e) => [e.part, e.lines]))).toEqual([
    [
      [0, 2],
      [1, 2],
    ],
    [[0, 2]],
  ]);
});

test.each([
  ['no zstd', Buffer.from('{"a":1}')],
  ['no JSON', zstdCompressSync('hello\n')],
  ['another format', zstdCompressSync('{"format":0,"lane":"x","slot_ms":1,"entries":[]}\n')],
  ['a lane that would leave its folder', zstdCompressSync('{"format":1,"lane":"../x","slot_ms":1,"entries":[]}\n')],
  ['of a slot without a date', zstdCompressSync('{"format":1,"lane":"x","slot_ms":253402300800000,"entries":[]}\n')],
  ['of an entry that is none', zstdCompressSync('{"format":1,"lane":"x","slot_ms":1,"entries":[null]}\n')],
  ['fewer lines than counted', zstdCompressSync('{"format":1,"lane":"x","slot_ms":1,"entries":[{"lines":2}]}\n{}\n')],
])('a record that is %s is rejected as not_a_chunk', (_, bytes) => {
  expect(() => decodeChunk(bytes)).toThrow(expect.objectContaining({ reason: 'not_a_chunk' }));
});
