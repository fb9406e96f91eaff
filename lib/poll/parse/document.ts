import { RejectedInput } from '../../errors.ts';
import type { StationInformation, StationStatus } from '../../event.ts';
import { elementsAt } from './elements.ts';
import { describe, isObject, type JsonObject, parseJson } from './json.ts';
import { type ParseContext, type ParsedDocument, type RecordReader, readRecords } from './records.ts';
import { STATION_INFORMATION } from './station-information.ts';
import { STATION_STATUS } from './station-status.ts';
import { toKey } from './text.ts';
import { toEpochMs } from './time.ts';

export type { ParseContext, ParsedDocument } from './records.ts';

/**
 * A GBFS `station_status` document of any version, 1.0 to 3.x, as events and rejects. Nothing in a record can lose another record.
 * Throws RejectedInput when the document can't be used as a whole: `not_utf8`, `not_json`, `not_a_station_document`, `empty_station_list`,
 * `too_many_stations`. The caller quarantines the body then.
 */
export const parseStationStatus = (body: Buffer, context: ParseContext): ParsedDocument =>
  parseDocument(body, context, STATION_STATUS);

/** A GBFS `station_information` document, as `parseStationStatus`. */
export const parseStationInformation = (body: Buffer, context: ParseContext): ParsedDocument =>
  parseDocument(body, context, STATION_INFORMATION);

const STATIONS = ['data', 'stations'] as const;

function parseDocument<V extends StationStatus | StationInformation>(
  body: Buffer,
  context: ParseContext,
  reader: RecordReader<V>,
): ParsedDocument {
  const { root, records } = parseStations(body, reader.feed);
  let elements: Buffer[] | null = null;
  const source = {
    records,
    place: (index: number) => `data.stations[${index}]`,
    bytes: (index: number) => {
      elements ??= elementsAt(body, STATIONS);
      return elements[index] ?? body;
    },
  };
  return {
    feed_updated_ms: toEpochMs(root.last_updated),
    version: toKey(root.version),
    ...readRecords(source, reader, context),
  };
}

/** The list at `data.stations`. Also tells apart what is often found in its place: a bare array, a merged document, a vehicle feed, an error object. */
function parseStations(body: Buffer, feed: string): { root: JsonObject; records: readonly unknown[] } {
  const root = parseJson(body);
  if (isObject(root) && isObject(root.data) && Array.isArray(root.data.stations)) {
    return { root, records: root.data.stations };
  }
  const found = isObject(root) && isObject(root.data) ? `data is ${describe(root.data)}` : `it is ${describe(root)}`;
  const message = `not a ${feed} document, which has a list at data.stations: ${found}`;
  throw new RejectedInput('poll', 'not_a_station_document', message);
}
