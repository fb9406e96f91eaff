import type { LaneRecord } from '../../lib/stream/record.ts';

export const MINUTE = 60_000;
/** 2026-11-21T23:58:00Z: two minutes before a UTC midnight. */
export const START_MS = Date.UTC(2026, 10, 21, 23, 58);

/** A record of lane `lane`: `{ part: { station: content } }` at START + minute. Contents are single letters; the hash is 16 of them. */
export function laneRecord(
  sequence: number,
  minute: number,
  parts: Readonly<Record<number, Readonly<Record<string, string>>>>,
  lane = 'a',
  shard_id = 'shardId-000000000000',
): LaneRecord {
  return {
    shard_id,
    sequence_number: String(sequence),
    lane,
    slot_ms: START_MS + minute * MINUTE,
    parts: Object.entries(parts).map(([part, stations]) => ({
      key: `sys/status/${part}`,
      system_id: 'sys',
      kind: 'status',
      part: Number(part),
      fetched_at_ms: START_MS + minute * MINUTE + 5_000,
      events: Object.entries(stations).map(([id, content]) => {
        const hash = content.repeat(16);
        return { id, hash, line: `{"i":"${id}","h":"${hash}","b":${content.charCodeAt(0)},"r":"{}"}` };
      }),
    })),
  };
}
