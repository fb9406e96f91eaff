/** The recordings: what the content hash calls a change is what independent arithmetic calls one (../shared/data/README.md). */
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { RejectedInput } from '../../../lib/errors.ts';
import { parseStationStatus } from '../../../lib/poll/parse/document.ts';
import { hasSharedData, readShared } from '../../shared.ts';

const LINE_FEED = 0x0a;
const BODY = ',"body":';

function* linesOf(text: Buffer): Generator<Buffer> {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf(LINE_FEED, from);
    yield text.subarray(from, end < 0 ? text.length : end);
    from = end < 0 ? text.length : end + 1;
  }
}

function replay(file: string) {
  const last = new Map<string, string>();
  const found = { observations: 0, changes: 0, rejected: 0, repeated: 0, failed: {} as Record<string, number> };
  for (const line of linesOf(gunzipSync(readShared(`series/${file}.ndjson.gz`)))) {
    const slot_ms = Date.parse(line.toString('latin1', '{"fetched_at":"'.length, line.indexOf(BODY) - 1));
    const body = line.subarray(line.indexOf(BODY) + BODY.length, line.length - 1);
    try {
      const document = parseStationStatus(body, { system_id: 'recorded', slot_ms, fetched_at_ms: slot_ms });
      found.observations += document.events.length;
      found.rejected += document.rejects.length;
      found.repeated += document.repeated;
      for (const { content_hash, values } of document.events) {
        if (last.get(values.station_id) !== content_hash) found.changes++;
        last.set(values.station_id, content_hash);
      }
    } catch (error) {
      if (!(error instanceof RejectedInput)) throw error;
      found.failed[error.reason] = (found.failed[error.reason] ?? 0) + 1;
    }
  }
  return { stations: last.size, ...found };
}

describe.skipIf(!hasSharedData)('recordings', () => {
  test.each([
    ['docomo_2022-06-29', 1080, 1_615_611, 108_862, {}],
    ['boulder_2022-04', 44, 120_868, 5_528, { empty_station_list: 18 }],
    ['wienmobil_2025-11', 261, 262_566, 19_920, {}],
  ])('%s: %i stations, %i observations, %i changes', (file, stations, observations, changes, failed) => {
    expect(replay(file)).toEqual({ stations, observations, changes, rejected: 0, repeated: 0, failed });
  });
});
