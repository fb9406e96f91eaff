import type { Receipt, StationStatus } from '../../lib/event.ts';
import { statusHash } from '../../lib/poll/parse/content-hash.ts';
import { type Plan, planOf } from '../../lib/poll/plan.ts';
import { receiptEntry } from '../../lib/poll/receipt.ts';
import { type Entry, eventLine, packChunks } from '../../lib/stream/chunk.ts';
import { partOf } from '../../lib/stream/lane.ts';
import type { StreamEntry } from '../../local/aws/kinesis/store.ts';
import { Random } from '../../local/sources/city/random.ts';

/** Stations of the systems, as shares of all; with the share of stations that change in a minute. */
const SYSTEMS = [
  { system_id: 'big', share: 0.6, changes: 0.05 },
  { system_id: 'middle', share: 0.3, changes: 0.12 },
  { system_id: 'small', share: 0.1, changes: 0.25 },
] as const;
const DOCKS = 30;

interface Station {
  readonly system_id: string;
  readonly lane: string;
  readonly part: number;
  readonly parts: number;
  readonly status: { -readonly [K in keyof StationStatus]: StationStatus[K] };
  line: string;
  /** The line of the slot before. */
  sent: string;
}

/** Systems of so many stations that are polled every minute, as the plan places them, with bikes that come and go. */
export class Backlog {
  readonly plan: Plan;
  /** Lines made so far, and how many of them differ from the one before of their station; the first ones do. */
  events = 0;
  changes = 0;
  readonly #random: Random;
  readonly #stations: readonly Station[];
  readonly #change: ReadonlyMap<string, number> = new Map(SYSTEMS.map((s) => [s.system_id, s.changes]));

  constructor(stations: number, seed: number) {
    this.#random = new Random(seed, 11);
    this.plan = planOf(
      SYSTEMS.map(({ system_id, share }) => ({
        system_id,
        kind: 'gbfs',
        url: `https://${system_id}.example/gbfs.json`,
        interval_s: 60,
        time_zone: 'UTC',
        stations: Math.round(stations * share),
      })),
    );
    const lanes = new Map(this.plan.groups.flatMap((g) => g.systems.map((s) => [s.system_id, s.lanes] as const)));
    this.#stations = SYSTEMS.flatMap(({ system_id, share }) =>
      Array.from({ length: Math.round(stations * share) }, (_, i) =>
        this.#open(system_id, i, lanes.get(system_id) ?? []),
      ),
    );
  }

  /** What the poll function sends for a slot: a chunk of each lane, or a few, and the receipts. */
  slot(slot_ms: number): StreamEntry[] {
    const fetched_at_ms = slot_ms + 2_000;
    const lanes = new Map<string, Map<string, Entry & { lines: string[] }>>();
    for (const station of this.#stations) {
      if (this.#random.next() < (this.#change.get(station.system_id) ?? 0)) this.#move(station, slot_ms);
      const { lane, system_id, part, parts } = station;
      const entries = lanes.get(lane) ?? new Map<string, Entry & { lines: string[] }>();
      lanes.set(lane, entries);
      const key = `${system_id}/${part}`;
      const entry = entries.get(key) ?? {
        kind: 'status',
        system_id,
        part,
        parts,
        fetched_at_ms,
        feed_updated_ms: slot_ms,
        lines: [],
      };
      entries.set(key, entry);
      entry.lines.push(station.line);
      this.events += 1;
      if (station.line !== station.sent) this.changes += 1;
      station.sent = station.line;
    }
    const chunks = [...lanes].flatMap(([lane, entries]) =>
      packChunks(lane, slot_ms, [...entries.values()]).map((data) => ({ partition_key: lane, data })),
    );
    return [...chunks, ...this.#receipts(slot_ms, fetched_at_ms)];
  }

  #receipts(slot_ms: number, fetched_at_ms: number): StreamEntry[] {
    return this.plan.groups.flatMap(({ group_id, systems }) => {
      const entries = systems.map(({ system_id }) => {
        const accepted = this.#stations.reduce((sum, s) => sum + (s.system_id === system_id ? 1 : 0), 0);
        const receipt: Receipt = {
          system_id, group_id, slot_ms, feed: 'station_status', status: 'ok', http_code: 200, fetched: accepted, accepted, rejected: 0,
          repeated: 0, rejected_reasons: null, bytes: accepted * 250, latency_ms: 300, fetched_at_ms, feed_updated_ms: slot_ms,
          reason: null, basis_slot_ms: null,
        }; // biome-ignore format: a table
        return receiptEntry(receipt);
      });
      return packChunks(null, slot_ms, entries).map((data) => ({ partition_key: `receipts-${group_id}`, data }));
    });
  }

  #open(system_id: string, i: number, lanes: readonly string[]): Station {
    const station_id = `${system_id}-${String(i).padStart(5, '0')}`;
    const part = partOf(station_id, lanes.length);
    const bikes = Math.floor(this.#random.next() * DOCKS);
    const status: StationStatus = {
      station_id, num_bikes_available: bikes, num_bikes_disabled: 0, num_docks_available: DOCKS - bikes, num_docks_disabled: 0,
      capacity: null, is_installed: true, is_renting: true, is_returning: true, vehicle_types: null, last_reported_ms: null, flags: null,
    }; // biome-ignore format: a table
    const station = { system_id, lane: lanes[part] ?? '', part, parts: lanes.length, status, line: '', sent: '' };
    this.#write(station);
    return station;
  }

  /** A bike comes or goes. */
  #move(station: Station, slot_ms: number): void {
    const { status } = station;
    const bikes = status.num_bikes_available ?? 0;
    const step = bikes === 0 || (bikes < DOCKS && this.#random.next() < 0.5) ? 1 : -1;
    status.num_bikes_available = bikes + step;
    status.num_docks_available = DOCKS - bikes - step;
    status.last_reported_ms = slot_ms;
    this.#write(station);
  }

  #write(station: Station): void {
    const { status, system_id } = station;
    const { station_id, num_bikes_available, num_docks_available, last_reported_ms } = status;
    const raw = JSON.stringify({
      station_id, num_bikes_available, num_bikes_disabled: 0, num_docks_available, num_docks_disabled: 0, is_installed: true,
      is_renting: true, is_returning: true, last_reported: (last_reported_ms ?? 0) / 1000,
    }); // biome-ignore format: a table
    station.line = eventLine({
      kind: 'status',
      content_hash: statusHash(system_id, status),
      values: { ...status },
      raw,
    });
  }
}
