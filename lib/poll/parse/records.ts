import { RejectedInput } from '../../errors.ts';
import type { EventKind, Reject, StationEvent, StationInformation, StationStatus } from '../../event.ts';
import { isDeeper, isObject, type JsonObject } from './json.ts';

export interface ParseContext {
  readonly system_id: string;
  readonly slot_ms: number;
  /** When the document was fetched: what lies far before or after is flagged. */
  readonly fetched_at_ms: number;
}

/** What became of a document: `fetched` = events + rejects + `repeated`, always. */
export interface ParsedDocument {
  readonly feed_updated_ms: number | null;
  readonly version: string | null;
  /** Records in the document. */
  readonly fetched: number;
  readonly events: readonly StationEvent[];
  readonly rejects: readonly Reject[];
  /** Records that say again what an earlier record of the document said. */
  readonly repeated: number;
}

export type Feed = 'station_status' | 'station_information';
type Values = StationStatus | StationInformation;

/** How the records of one feed are read. `read` may throw RejectedInput, which rejects that record only. */
export interface RecordReader<V extends Values> {
  readonly kind: EventKind;
  readonly feed: Feed;
  read(record: JsonObject, context: ParseContext): V;
  hash(system_id: string, values: V): string;
}

/** The records of a document, and where each stands in it. */
export interface Records {
  readonly records: readonly unknown[];
  place(index: number): string;
  /** The record's exact bytes; asked for only when it is rejected. */
  bytes(index: number): Buffer;
}

/** Bounds against hostile feeds. The largest list known has 14,221 stations, the largest record 762 characters, 6 levels deep. */
const MAX_STATIONS = 100_000;
const MAX_RECORD_CHARACTERS = 32_768;
const MAX_RECORD_LEVELS = 32;

/**
 * Reads record by record, so that a bad one costs only itself. A station that comes again with the same content is `repeated`; where its
 * copies differ, none is believed: all of them are rejected as `conflicting_duplicate`. Throws RejectedInput `empty_station_list`
 * (a failed snapshot: it never means that the stations vanished) or `too_many_stations`.
 */
export function readRecords<V extends Values>(
  source: Records,
  reader: RecordReader<V>,
  context: ParseContext,
): Pick<ParsedDocument, 'fetched' | 'events' | 'rejects' | 'repeated'> {
  const { records } = source;
  if (records.length === 0) throw new RejectedInput('poll', 'empty_station_list', 'the list of stations is empty');
  if (records.length > MAX_STATIONS) {
    const message = `the document lists ${records.length} stations, more than ${MAX_STATIONS}`;
    throw new RejectedInput('poll', 'too_many_stations', message);
  }
  const sightings = new Sightings();
  const rejected: Array<readonly [index: number, reason: string]> = [];
  for (let index = 0; index < records.length; index++) {
    try {
      sightings.add(index, toEvent(records[index], reader, context));
    } catch (error) {
      if (!(error instanceof RejectedInput)) throw error;
      rejected.push([index, error.reason]);
    }
  }
  for (const index of sightings.conflicting()) rejected.push([index, 'conflicting_duplicate']);
  const { system_id, slot_ms } = context;
  return {
    fetched: records.length,
    events: sightings.events(),
    rejects: rejected
      .sort((a, b) => a[0] - b[0])
      .map(([index, reason]) => ({
        system_id,
        slot_ms,
        feed: reader.feed,
        reason,
        place: source.place(index),
        raw: source.bytes(index),
      })),
    repeated: sightings.repeated(),
  };
}

function toEvent<V extends Values>(record: unknown, reader: RecordReader<V>, context: ParseContext): StationEvent {
  if (!isObject(record)) throw new RejectedInput('poll', 'not_a_record', 'the record is no object');
  if (isDeeper(record, MAX_RECORD_LEVELS)) {
    throw new RejectedInput('poll', 'record_too_deep', `the record nests deeper than ${MAX_RECORD_LEVELS} levels`);
  }
  const values = reader.read(record, context);
  const raw = JSON.stringify(record);
  if (raw.length > MAX_RECORD_CHARACTERS) {
    const message = `the record has ${raw.length} characters, more than ${MAX_RECORD_CHARACTERS}`;
    throw new RejectedInput('poll', 'record_too_large', message);
  }
  return { kind: reader.kind, content_hash: reader.hash(context.system_id, values), values, raw };
}

interface Station {
  readonly indexes: number[];
  conflict: boolean;
}

/** The good records of a document, and which of them are of the same station. */
class Sightings {
  readonly #indexes: number[] = [];
  readonly #events: StationEvent[] = [];
  readonly #first = new Map<string, number>();
  /** Only the stations that came more than once. */
  readonly #again = new Map<string, Station>();

  add(index: number, event: StationEvent): void {
    const id = event.values.station_id;
    const at = this.#first.get(id);
    if (at === undefined) {
      this.#first.set(id, this.#events.length);
      this.#indexes.push(index);
      this.#events.push(event);
      return;
    }
    const station = this.#again.get(id) ?? { indexes: [this.#indexes[at] as number], conflict: false };
    this.#again.set(id, station);
    station.indexes.push(index);
    if (this.#events[at]?.content_hash !== event.content_hash) station.conflict = true;
  }

  events(): readonly StationEvent[] {
    if (this.#again.size === 0) return this.#events;
    return this.#events.filter((event) => this.#again.get(event.values.station_id)?.conflict !== true);
  }

  repeated(): number {
    let repeated = 0;
    for (const { indexes, conflict } of this.#again.values()) if (!conflict) repeated += indexes.length - 1;
    return repeated;
  }

  conflicting(): number[] {
    return [...this.#again.values()].filter(({ conflict }) => conflict).flatMap(({ indexes }) => indexes);
  }
}
