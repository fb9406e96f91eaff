import { randomBytes } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Reject } from '../../lib/event.ts';
import { quarantineLines, quarantineRecords } from '../../lib/poll/quarantine.ts';
import { SLOT_MS } from './fakes.ts';

const reject = (raw: Buffer): Reject => ({
  system_id: 'a',
  slot_ms: SLOT_MS,
  feed: 'station_status',
  reason: 'not_json',
  place: 'document',
  raw,
});
const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
const rawOf = (line: Record<string, unknown>) => zstdDecompressSync(Buffer.from(String(line.raw), 'base64'));

describe('a line of quarantine', () => {
  it('holds the exact bytes, with where they are from and why', () => {
    const [line] = parsed(quarantineLines(reject(Buffer.from([0xff, 0x00, 0x22]))));
    expect(line).toEqual({
      system_id: 'a',
      slot_ms: SLOT_MS,
      feed: 'station_status',
      reason: 'not_json',
      place: 'document',
      piece: 1,
      pieces: 1,
      encoding: 'zstd+base64',
      raw: expect.any(String),
    });
    expect(rawOf(line ?? {})).toEqual(Buffer.from([0xff, 0x00, 0x22]));
  });

  it('is one of several for large input, which come together again', () => {
    const raw = randomBytes(1_300_000);
    const lines = parsed(quarantineLines(reject(raw)));
    expect(lines.map(({ piece, pieces }) => [piece, pieces])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    expect(Buffer.concat(lines.map(rawOf)).equals(raw)).toBe(true);
  });

  it('exists for empty input too', () => {
    expect(quarantineLines(reject(Buffer.alloc(0)))).toHaveLength(1);
  });
});

describe('records of quarantine', () => {
  it('hold many lines each, end in a line end, and stay below what Firehose takes', () => {
    const records = quarantineRecords([
      reject(randomBytes(1_300_000)),
      ...Array.from({ length: 5_000 }, () => reject(Buffer.from('{}'))),
    ]);
    expect(records.every((record) => record.length <= 1_024_000 && record.at(-1) === 0x0a)).toBe(true);
    expect(records.flatMap((record) => record.toString().trimEnd().split('\n'))).toHaveLength(5_003);
    expect(records.length).toBeLessThan(6);
  });

  it('are none where nothing was rejected', () => {
    expect(quarantineRecords([])).toEqual([]);
  });
});
