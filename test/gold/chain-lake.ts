import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toRows } from '../../lib/bronze/unpack.ts';
import type { Receipt, StationStatus } from '../../lib/event.ts';
import type { Row } from '../../lib/parquet.ts';
import { statusHash } from '../../lib/poll/parse/content-hash.ts';
import { receiptEntry } from '../../lib/poll/receipt.ts';
import { processBatch } from '../../lib/silver/process-batch.ts';
import { type Entry, eventLine, packChunks } from '../../lib/stream/chunk.ts';
import { toNamed } from '../../lib/stream/columns.ts';
import { partOf } from '../../lib/stream/lane.ts';
import { toLaneRecord } from '../../lib/stream/record.ts';
import { MemoryCheckpoints, MemoryLog } from '../silver/memory-log.ts';
import { MINUTE, SHARD, SmallLake } from './small-lake.ts';

const LANES = ['a', 'b'];

/** A poll of system `sys`: station → bikes; a failed one has none. */
export interface ChainPoll {
  readonly slot_ms: number;
  readonly stations: Readonly<Record<string, number>> | null;
  /** When it ran; its slot if it isn't given. A poll that runs after later ones is late. */
  readonly at_ms?: number;
}

interface StreamRecord {
  readonly sequence_number: string;
  readonly arrived_at_ms: number;
  readonly data: Buffer;
}

/** A lake as the real chunks, Bronze rows and Silver batches make it: two parts in two lanes, one Bronze file and one batch every ten minutes. */
export async function chainLake(polls: readonly ChainPoll[], batch_minutes = 10): Promise<SmallLake> {
  const lake = new SmallLake();
  const log = new MemoryLog();
  const ports = { log, checkpoints: new MemoryCheckpoints(), memory: new Map(), checkpoint_every: 5, pause: async () => undefined, warn: () => undefined }; // biome-ignore format: one line
  const stream: StreamRecord[] = [];
  for (const poll of polls) {
    const arrived_at_ms = (poll.at_ms ?? poll.slot_ms) + 4_000;
    for (const data of recordsOf(poll)) {
      stream.push({ sequence_number: `49${String(stream.length + 1).padStart(54, '0')}`, arrived_at_ms, data });
    }
  }
  const spans = Map.groupBy(stream, ({ arrived_at_ms }) => Math.floor(arrived_at_ms / (batch_minutes * MINUTE)));
  for (const records of spans.values()) {
    lake.bronze(records.flatMap(bronzeRows));
    const own = records.map(({ data, sequence_number }) => toLaneRecord(data, SHARD, sequence_number));
    const open = await processBatch(own.filter((record) => record !== null), ports); // biome-ignore format: one line
    if (open !== null) throw new Error(`a batch was not done: ${open}`);
  }
  for (const [key, bytes] of log.objects) {
    mkdirSync(dirname(join(lake.root, key)), { recursive: true });
    writeFileSync(join(lake.root, key), bytes);
  }
  return lake;
}

function bronzeRows({ data, sequence_number, arrived_at_ms }: StreamRecord): Row[] {
  const source = {
    record_id: sequence_number,
    body: data.toString('base64'),
    shard_id: SHARD,
    sequence_number,
    arrived_at_ms,
  };
  return toRows(source).trimEnd().split('\n').map((line) => toNamed(JSON.parse(line) as Row)); // biome-ignore format: one line
}

function recordsOf({ slot_ms, stations, at_ms = slot_ms }: ChainPoll): Buffer[] {
  const events = Object.entries(stations ?? {}).map(([station_id, bikes]) => statusOf(station_id, bikes));
  const entry = { kind: 'status', system_id: 'sys', parts: LANES.length, fetched_at_ms: at_ms + 3_000, feed_updated_ms: null } as const; // biome-ignore format: one line
  const chunks = LANES.flatMap((lane, part) => {
    const own = events.filter(({ station_id }) => partOf(station_id, LANES.length) === part);
    const lines = own.map((values) =>
      eventLine({ kind: 'status', content_hash: statusHash('sys', values), values, raw: '{}' }),
    );
    return lines.length === 0 ? [] : packChunks(lane, slot_ms, [{ ...entry, part, lines } satisfies Entry]);
  });
  const receipt: Receipt = {
    system_id: 'sys', group_id: 'g', slot_ms, feed: 'station_status', status: stations === null ? 'failed' : 'ok',
    http_code: stations === null ? 503 : 200, fetched: events.length, accepted: events.length, rejected: 0, repeated: 0,
    rejected_reasons: null, bytes: 100, latency_ms: 20, fetched_at_ms: entry.fetched_at_ms, feed_updated_ms: null,
    reason: stations === null ? 'http_503' : null, basis_slot_ms: null,
  }; // biome-ignore format: a table
  return [...chunks, ...packChunks(null, slot_ms, [receiptEntry(receipt)])];
}

function statusOf(station_id: string, num_bikes_available: number): StationStatus {
  return {
    station_id, num_bikes_available, num_bikes_disabled: 0, num_docks_available: 20 - num_bikes_available, num_docks_disabled: 0,
    capacity: null, is_installed: true, is_renting: true, is_returning: true, vehicle_types: null, last_reported_ms: null, flags: null,
  }; // biome-ignore format: a table
}

/** Polls each minute of [from, until): every station has its own rhythm of changes. */
export function minutePolls(from_ms: number, until_ms: number): ChainPoll[] {
  const polls: ChainPoll[] = [];
  for (let slot_ms = from_ms, n = 0; slot_ms < until_ms; slot_ms += MINUTE, n++) {
    const bikes = (every: number): number => Math.floor(n / every) % 7;
    polls.push({ slot_ms, stations: { s1: bikes(1), s2: bikes(3), s3: bikes(5), s4: bikes(20), s5: 3 } });
  }
  return polls;
}
