import { describe, expect, test } from 'vitest';
import { type SourceRecord, unpackRecords } from '../../lib/bronze/unpack.ts';
import { RejectedInput } from '../../lib/errors.ts';
import { parseStationStatus } from '../../lib/poll/parse/document.ts';
import { eventLine, packChunks } from '../../lib/stream/chunk.ts';
import { openRecording } from '../../local/sources/recording.ts';
import { hasSharedData, hasTimeForLarge, sharedData } from '../shared.ts';

/** BufferSizeInMBs of the delivery stream's transform; it is full once it is passed, so by up to one record more. */
const BUFFER_BYTES = 0.2 * 1024 * 1024;

async function* sourceRecords(file: string): AsyncIterable<SourceRecord> {
  for await (const { line, body, fetched_at_ms: slot_ms } of openRecording(file)) {
    try {
      const { events, feed_updated_ms } = parseStationStatus(body, { system_id: 's', slot_ms, fetched_at_ms: slot_ms });
      const lines = events.map(eventLine);
      const entry = { kind: 'status', system_id: 's', part: 0, parts: 1, fetched_at_ms: slot_ms } as const;
      for (const chunk of packChunks('lane-001', slot_ms, [{ ...entry, feed_updated_ms, lines }])) {
        yield {
          record_id: String(line).padStart(56, '0'),
          body: chunk.toString('base64'),
          shard_id: 'shardId-000000000000',
          sequence_number: String(line).padStart(56, '4'),
          arrived_at_ms: slot_ms,
        };
      }
    } catch (error) {
      if (!(error instanceof RejectedInput)) throw error; // an empty station list
    }
  }
}

describe.skipIf(!hasSharedData)('the answer of the transform on a recording, the buffer at 0.2 MB', () => {
  const large = hasTimeForLarge ? ['docomo_2022-06-29'] : [];
  test.each(['boulder_2022-04', 'wienmobil_2025-11', ...large])('%s', { timeout: 60_000 }, async (name) => {
    let buffer: SourceRecord[] = [];
    let bytes = 0;
    let largest = 0;
    for await (const record of sourceRecords(sharedData(`series/${name}.ndjson.gz`))) {
      buffer.push(record);
      bytes += (record.body.length * 3) / 4;
      if (bytes < BUFFER_BYTES) continue;
      const { records, failed } = unpackRecords(buffer);
      expect(failed).toEqual([]);
      largest = Math.max(largest, JSON.stringify({ records }).length);
      buffer = [];
      bytes = 0;
    }
    console.log(`${name}: the largest answer has ${(largest / 1e6).toFixed(2)} MB`);
    expect(largest).toBeGreaterThan(1_000_000);
    expect(largest).toBeLessThan(5_500_000);
  });
});
