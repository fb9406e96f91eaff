import { toRows } from '../../lib/bronze/unpack.ts';
import { parseStationStatus } from '../../lib/poll/parse/document.ts';
import { eventLine, packChunks } from '../../lib/stream/chunk.ts';
import { COLUMNS } from '../../lib/stream/columns.ts';
import { partOf } from '../../lib/stream/lane.ts';
import { City } from '../../local/sources/city/city.ts';
import { gbfsDocuments } from '../../local/sources/city/gbfs.ts';
import { GBFS_23 } from '../../local/sources/city/gbfs-versions.ts';
import { snapshotOf } from '../../local/sources/city/snapshot.ts';
import { bronzeSink } from '../bronze-sink.ts';

const MINUTE_MS = 60_000;
export const POLLS = 1440;
/** A Tuesday. */
export const DAY_MS = Date.UTC(2026, 10, 17);
/** The city's clock and the poller's: a document is fetched so long after its slot. */
const FETCHED_AFTER_MS = 1200;
const ARRIVED_AFTER_MS = 1900;
const PARTS = 3;
const SYSTEM = 'sim_gbfs23';
const SEQUENCE_DIGITS = 56;

/** Columns that the row of a station's status may fill: those of information and receipts are null in every row of such a day. */
const NOT_OF_STATUS =
  /^(name|lat|lon|region_id|group_id|feed|status|http_code|fetched|accepted|rejected|repeated|rejected_reasons|bytes|latency_ms|reason|basis_slot_ms)$/;
export const DAY_COLUMNS: Readonly<Record<string, string>> = Object.fromEntries(
  COLUMNS.filter(({ name }) => !NOT_OF_STATUS.test(name)).map(({ name, type }) => [name, type]),
);

/** The stations whose day, at one poll a minute, has about so many rows. */
export const stationsFor = (rows: number): number => Math.max(3, Math.round(rows / POLLS));

/**
 * Writes a day of the simulated city as Bronze holds it: through the parser, the chunks, the transform and the conversion of the
 * embedded Firehose, in the stream's order. Returns how many rows it has.
 */
export function writeDay(file: string, stations: number): number {
  const city = new City({ seed: 1, stations, overfull: false, from_ms: DAY_MS });
  const documents = gbfsDocuments(SYSTEM, GBFS_23);
  const sink = bronzeSink(file, 'GZIP');
  let sequence = 0;
  for (let poll = 0; poll < POLLS; poll++) {
    const slot_ms = DAY_MS + poll * MINUTE_MS;
    city.advanceTo(slot_ms);
    const body = Buffer.from(JSON.stringify(documents.feeds.station_status?.(snapshotOf(city))));
    for (const chunk of chunksOf(body, slot_ms)) {
      const rows = toRows({
        record_id: '0',
        body: chunk.toString('base64'),
        shard_id: 'shardId-000000000000',
        sequence_number: String(++sequence).padStart(SEQUENCE_DIGITS, '4961'),
        arrived_at_ms: slot_ms + ARRIVED_AFTER_MS,
      });
      const rejected = sink.add(Buffer.from(rows));
      if (rejected.length > 0) throw new Error(`a row of slot ${slot_ms} is refused: ${rejected[0]?.message}`);
    }
  }
  return sink.finish().rows;
}

function chunksOf(body: Buffer, slot_ms: number): Buffer[] {
  const fetched_at_ms = slot_ms + FETCHED_AFTER_MS;
  const document = parseStationStatus(body, { system_id: SYSTEM, slot_ms, fetched_at_ms });
  const parts: string[][] = Array.from({ length: PARTS }, () => []);
  for (const event of document.events) parts[partOf(event.values.station_id, PARTS)]?.push(eventLine(event));
  const { feed_updated_ms } = document;
  const entries = parts.map((lines, part) => {
    return { kind: 'status', system_id: SYSTEM, part, parts: PARTS, fetched_at_ms, feed_updated_ms, lines } as const;
  });
  return packChunks('city-0', slot_ms, entries);
}
