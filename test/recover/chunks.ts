import { type Entry, encodeChunk, eventLine } from '../../lib/stream/chunk.ts';

/** 2026-11-21T23:58:00Z: two minutes before a UTC midnight. */
export const START_MS = Date.UTC(2026, 10, 21, 23, 58);
export const MINUTE = 60_000;
export const SHARD = 'shardId-000000000000';

/** A chunk of lane `lane` with stations of system `sys`, at START + minute. */
export function chunkOf(minute: number, bikes: Readonly<Record<string, number>>, lane = 'a'): Buffer {
  const slot_ms = START_MS + minute * MINUTE;
  const lines = Object.entries(bikes).map(([station_id, num_bikes_available]) =>
    eventLine({
      kind: 'status',
      content_hash: num_bikes_available.toString(16).padStart(16, '0'),
      values: {
        station_id,
        num_bikes_available,
        num_bikes_disabled: null,
        num_docks_available: 20 - num_bikes_available,
        num_docks_disabled: null,
        capacity: null,
        is_installed: true,
        is_renting: true,
        is_returning: false,
        vehicle_types: null,
        last_reported_ms: slot_ms - 1000,
        flags: null,
      },
      raw: `{"station_id":"${station_id}"}`,
    }),
  );
  const entry: Entry = {
    kind: 'status',
    system_id: 'sys',
    part: 0,
    parts: 1,
    fetched_at_ms: slot_ms + 3000,
    feed_updated_ms: null,
    lines,
  };
  return encodeChunk(lane, slot_ms, [entry]);
}
