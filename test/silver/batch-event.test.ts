import { zstdCompressSync } from 'node:zlib';
import type { KinesisStreamEvent } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { parseBatch } from '../../lib/silver/batch-event.ts';

const entry = { kind: 'status', system_id: 'a', part: 0, parts: 1, lines: 1, fetched_at_ms: 5, feed_updated_ms: null };
const header = { format: 1, lane: 'a', slot_ms: 600, entries: [entry] };
const LINE = '{"i":"s","h":"0123456789abcdef","b":3,"r":"{}"}';
const chunk = (head: unknown, ...lines: string[]) => zstdCompressSync([JSON.stringify(head), ...lines, ''].join('\n'));

const eventOf = (...records: Uint8Array[]) =>
  ({
    Records: records.map((bytes, n) => ({
      eventID: `shardId-000000000001:${n}`,
      kinesis: { data: Buffer.from(bytes).toString('base64'), sequenceNumber: String(n) },
    })),
  }) as unknown as KinesisStreamEvent;

describe('a record that is no chunk is passed over, and the batch goes on', () => {
  test.each<[string, Uint8Array]>([
    ['no zstd', Buffer.from('hello')],
    ['nothing', Buffer.alloc(0)],
    ['no JSON', zstdCompressSync('{')],
    ['null', chunk(null)],
    ['a format that never was', chunk({ ...header, format: 0 }, LINE)],
    ['no lane', chunk({ ...header, lane: undefined }, LINE)],
    ['a slot that is no number', chunk({ ...header, slot_ms: '600' }, LINE)],
    ['a slot before 1970', chunk({ ...header, slot_ms: -1 }, LINE)],
    ['a slot after the year 9999', chunk({ ...header, slot_ms: Date.UTC(10_000, 0, 1) }, LINE)],
    ['an entry that is null', chunk({ ...header, entries: [null] })],
    ['an entry of another kind', chunk({ ...header, entries: [{ ...entry, kind: 'trip' }] }, LINE)],
    ['an entry without a system', chunk({ ...header, entries: [{ ...entry, system_id: undefined }] }, LINE)],
    [
      'counts that only add up',
      chunk({ ...header, entries: [entry, { ...entry, lines: 1 }, { ...entry, lines: -1 }] }, LINE),
    ],
    ['a line less than the header counts', chunk(header)],
    ['a line more', chunk(header, LINE, LINE)],
    ['a line that is no event', chunk(header, '{"h":"0123456789abcdef","i":"s"}')],
  ])('%s', (_, bytes) => {
    const { records, foreign } = parseBatch(eventOf(bytes, chunk(header, LINE)));
    expect(foreign.map((record) => record.sequence_number)).toEqual(['0']);
    expect(
      records.map(({ lane, slot_ms, shard_id, sequence_number }) => [lane, slot_ms, shard_id, sequence_number]),
    ).toEqual([['a', 600, 'shardId-000000000001', '1']]);
  });

  test('a chunk of a newer format is not done, and nothing behind it is', () => {
    const newer = chunk({ ...header, format: 2 }, LINE);
    const parsed = parseBatch(eventOf(chunk(header, LINE), newer, chunk(header, LINE)));
    expect(parsed.records.map((record) => record.sequence_number)).toEqual(['0']);
    expect(parsed.newer?.sequence_number).toBe('1');
    expect(parsed.newer?.reason).toContain('format 2');
  });

  test('receipts have no lane, and are passed over without a word', () => {
    const receipts = chunk(
      { ...header, lane: null, entries: [{ ...entry, kind: 'receipt' }] },
      '{"F":"station_status"}',
    );
    expect(parseBatch(eventOf(receipts))).toEqual({ records: [], foreign: [], newer: null });
  });
});
