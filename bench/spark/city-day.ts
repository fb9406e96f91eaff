import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toRows } from '../../lib/bronze/unpack.ts';
import type { EventKind, Receipt, StationEvent } from '../../lib/event.ts';
import { parseStationInformation, parseStationStatus } from '../../lib/poll/parse/document.ts';
import type { ParsedDocument } from '../../lib/poll/parse/records.ts';
import { type Plan, type PlannedSystem, planOf } from '../../lib/poll/plan.ts';
import { receiptEntry } from '../../lib/poll/receipt.ts';
import { processBatch, type SilverPorts } from '../../lib/silver/process-batch.ts';
import { type Entry, eventLine, packChunks } from '../../lib/stream/chunk.ts';
import { partOf } from '../../lib/stream/lane.ts';
import { type LaneRecord, toLaneRecord } from '../../lib/stream/record.ts';
import { City } from '../../local/sources/city/city.ts';
import { gbfsDocuments } from '../../local/sources/city/gbfs.ts';
import { GBFS_23 } from '../../local/sources/city/gbfs-versions.ts';
import { snapshotOf } from '../../local/sources/city/snapshot.ts';
import { bronzeSink } from '../bronze-sink.ts';

export const MINUTE_MS = 60_000;
/** A Tuesday. */
export const DATE = '2026-11-17';
export const START_MS = Date.parse(`${DATE}T00:00:00Z`);
export const POLLS_A_DAY = 1440;
/** And the minutes after it in which a last observation of the day may find the one that follows. */
export const POLLS = POLLS_A_DAY + 12;
/** Sizes of a lane's systems: 1, 1/2, 1/3 … of the largest, as those of the public systems roughly are. */
const SYSTEMS = 20;
/** A small lane has fewer, so that no city is smaller than three stations. */
const STATIONS_A_SYSTEM = 20;
const MIN_STATIONS = 3;
/** Systems whose feed changes every two minutes, so that every second poll is answered with 304: each fifth. */
const isSlow = (system: number): boolean => system % 5 === 2;
const TIME_ZONES = ['Asia/Seoul', 'Europe/Vienna', 'America/New_York', 'UTC'];
const FETCHED_AFTER_MS = 1_200;
const ARRIVED_AFTER_MS = 1_900;
const SHARD = 'shardId-000000000000';

interface Polled {
  readonly system: PlannedSystem;
  readonly group_id: string;
  readonly city: City;
  readonly is_slow: boolean;
}

/** Stations of each system, so many together. */
export function sizesOf(stations: number): number[] {
  const systems = Math.min(SYSTEMS, Math.max(1, Math.floor(stations / STATIONS_A_SYSTEM)));
  const weights = Array.from({ length: systems }, (_, i) => 1 / (i + 1));
  const whole = weights.reduce((sum, w) => sum + w, 0);
  const sizes = weights.map((w) => Math.max(MIN_STATIONS, Math.floor((stations * w) / whole)));
  const rest = stations - sizes.reduce((sum, n) => sum + n, 0);
  return sizes.map((n, i) => (i === 0 ? n + rest : n));
}

export interface CityDay {
  readonly plan: Plan;
}

/**
 * The day of some systems as the program leaves it: `bronze.parquet` with all rows in the stream's order, and the log's objects by their keys, both in `dir`.
 * Cities, parsers, chunks, the Bronze transform, Firehose's conversion and Silver are those of `npm start`; polls are as its poll function makes them, and each minute is one batch.
 */
export async function writeCityDay(dir: string, stations: number, progress: (done: number) => void): Promise<CityDay> {
  const sizes = sizesOf(stations);
  const plan = planOf(
    sizes.map((n, i) => {
      const system_id = `sim_${String(i).padStart(2, '0')}`;
      return {
        system_id,
        kind: 'gbfs',
        url: `https://${system_id.replace('_', '-')}.example/gbfs.json`,
        interval_s: 60,
        time_zone: TIME_ZONES[i % TIME_ZONES.length] ?? 'UTC',
        stations: n,
      };
    }),
  );
  const polled = plan.groups.flatMap(({ group_id, systems }) =>
    systems.map((system): Polled => {
      const i = Number(system.system_id.slice(-2));
      const city = new City({ seed: i + 1, stations: sizes[i] ?? MIN_STATIONS, overfull: false, from_ms: START_MS });
      return { system, group_id, city, is_slow: isSlow(i) };
    }),
  );
  mkdirSync(dir, { recursive: true });
  const sink = bronzeSink(join(dir, 'bronze.parquet'), 'SNAPPY');
  const silver = silverInto(dir);
  let records = 0;
  for (let poll = 0; poll < POLLS; poll++) {
    const slot_ms = START_MS + poll * MINUTE_MS;
    const batch: LaneRecord[] = [];
    for (const body of recordsOf(polled, slot_ms)) {
      records += 1;
      const stream = { shard_id: SHARD, sequence_number: String(records) };
      const source = {
        record_id: '0',
        body: body.toString('base64'),
        arrived_at_ms: slot_ms + ARRIVED_AFTER_MS,
        ...stream,
      };
      const refused = sink.add(Buffer.from(toRows(source)));
      if (refused.length > 0) throw new Error(`a row of slot ${slot_ms} is refused: ${refused[0]?.message}`);
      const record = toLaneRecord(body, stream.shard_id, stream.sequence_number);
      if (record !== null) batch.push(record);
    }
    const open = await processBatch(batch, silver);
    if (open !== null) throw new Error(`the batch of slot ${slot_ms} was not done: ${open}`);
    progress((poll + 1) / POLLS);
  }
  sink.finish();
  return { plan };
}

/** What the poll function puts into the stream at a slot: the chunks of each lane, then those of the receipts. */
function recordsOf(polled: readonly Polled[], slot_ms: number): Buffer[] {
  const lanes = new Map<string, Entry[]>();
  const receipts = new Map<string, Entry[]>();
  const add = (map: Map<string, Entry[]>, key: string, entry: Entry) => map.set(key, [...(map.get(key) ?? []), entry]);
  for (const { system, group_id, city, is_slow } of polled) {
    city.advanceTo(slot_ms);
    const isHour = (slot_ms - START_MS) % (60 * MINUTE_MS) === 0;
    for (const kind of isHour ? (['status', 'information'] as const) : (['status'] as const)) {
      const is_confirmed = kind === 'status' && is_slow && (slot_ms / MINUTE_MS) % 2 === 1;
      const answer = is_confirmed ? null : bodyOf(city, system.system_id, kind);
      const document = answer === null ? null : parse(kind, answer, system.system_id, slot_ms);
      for (const [part, entry] of partsOf(kind, system, document, slot_ms).entries()) {
        if (entry.lines.length > 0) add(lanes, system.lanes[part] ?? '', entry);
      }
      const receipt = receiptOf(kind, system.system_id, group_id, slot_ms, document, answer?.length ?? 0);
      add(receipts, group_id, receiptEntry(receipt));
    }
  }
  return [
    ...[...lanes].flatMap(([lane, entries]) => packChunks(lane, slot_ms, entries)),
    ...[...receipts.values()].flatMap((entries) => packChunks(null, slot_ms, entries)),
  ];
}

function bodyOf(city: City, system_id: string, kind: EventKind): Buffer {
  return Buffer.from(JSON.stringify(gbfsDocuments(system_id, GBFS_23).feeds[`station_${kind}`]?.(snapshotOf(city))));
}

function parse(kind: EventKind, body: Buffer, system_id: string, slot_ms: number): ParsedDocument {
  const context = { system_id, slot_ms, fetched_at_ms: slot_ms + FETCHED_AFTER_MS };
  return kind === 'status' ? parseStationStatus(body, context) : parseStationInformation(body, context);
}

function partsOf(
  kind: EventKind,
  { system_id, lanes }: PlannedSystem,
  document: ParsedDocument | null,
  slot_ms: number,
) {
  const parts: StationEvent[][] = lanes.map(() => []);
  for (const event of document?.events ?? []) parts[partOf(event.values.station_id, lanes.length)]?.push(event);
  const { feed_updated_ms = null } = document ?? {};
  const entry = { kind, system_id, parts: lanes.length, fetched_at_ms: slot_ms + FETCHED_AFTER_MS, feed_updated_ms };
  return parts.map((events, part): Entry => ({ ...entry, part, lines: events.map(eventLine) }));
}

function receiptOf(
  kind: EventKind,
  system_id: string,
  group_id: string,
  slot_ms: number,
  document: ParsedDocument | null,
  bytes: number,
): Receipt {
  const is_ok = document !== null;
  if (is_ok && document.rejects.length > 0) throw new Error(`${system_id}: the city's document has rejects`);
  return {
    system_id, group_id, slot_ms, feed: `station_${kind}`, status: is_ok ? 'ok' : 'not_modified', http_code: is_ok ? 200 : 304,
    fetched: document?.fetched ?? 0, accepted: document?.events.length ?? 0, rejected: 0, repeated: document?.repeated ?? 0,
    rejected_reasons: null, bytes, latency_ms: 300, fetched_at_ms: slot_ms + FETCHED_AFTER_MS,
    feed_updated_ms: document?.feed_updated_ms ?? null, reason: null, basis_slot_ms: is_ok ? null : slot_ms - MINUTE_MS,
  }; // biome-ignore format: a table
}

/** Silver with one environment, which remembers every lane: its log is files, and it needs no checkpoint. */
function silverInto(dir: string): SilverPorts {
  const none = async () => [];
  return {
    log: {
      async put(key, bytes) {
        const file = join(dir, key);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, bytes, { flag: 'wx' });
        return 'created';
      },
      get: async (key) => {
        throw new Error(`${key} is asked for, and nothing was forgotten`);
      },
      folders: none,
      keys: none,
    },
    checkpoints: { read: async () => null, write: async () => undefined },
    memory: new Map(),
    checkpoint_every: Number.MAX_SAFE_INTEGER,
    pause: async () => undefined,
    warn: (message, details) => console.error(message, details),
  };
}
