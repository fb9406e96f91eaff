import type { KinesisStreamEvent } from 'aws-lambda';
import type { EventKind } from '../../lib/event.ts';
import { parseBatch } from '../../lib/silver/batch-event.ts';
import { encodeChunk } from '../../lib/stream/chunk.ts';
import type { LaneRecord } from '../../lib/stream/record.ts';

/** What one part of one system says at a slot: station → content, a single letter. */
export interface SentPart {
  readonly kind: EventKind;
  readonly system_id: string;
  readonly part: number;
  readonly fetched_at_ms: number;
  readonly stations: ReadonlyArray<readonly [station_id: string, content: string]>;
}

/** A record as it was put into a shard, before anything of the program has seen it. */
export interface Sent {
  readonly shard_id: string;
  readonly sequence: number;
  readonly lane: string;
  readonly slot_ms: number;
  readonly parts: readonly SentPart[];
}

export const shardId = (n: number): string => `shardId-00000000000${n}`;
/** Contents are single letters; their hash is 16 of them. */
export const hashOf = (content: string): string => content.repeat(16);

/** The records of one shard as the Silver function reads them from its event: encoded into chunks, and parsed again. */
export function toLaneRecords(sent: readonly Sent[]): readonly LaneRecord[] {
  const Records = sent.map((record) => ({
    eventID: `${record.shard_id}:${record.sequence}`,
    kinesis: { data: chunkOf(record).toString('base64'), sequenceNumber: String(record.sequence) },
  }));
  return parseBatch({ Records } as unknown as KinesisStreamEvent).records;
}

function chunkOf({ lane, slot_ms, parts }: Sent): Buffer {
  const entries = parts.map(({ stations, ...part }) => ({
    ...part,
    parts: 2,
    feed_updated_ms: null,
    lines: stations.map(
      ([id, content]) => `{"i":${JSON.stringify(id)},"h":"${hashOf(content)}","b":${content.charCodeAt(0)},"r":"{}"}`,
    ),
  }));
  return encodeChunk(lane, slot_ms, entries);
}
