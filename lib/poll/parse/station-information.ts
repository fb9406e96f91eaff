import { RejectedInput } from '../../errors.ts';
import type { StationInformation } from '../../event.ts';
import { informationHash } from './content-hash.ts';
import { toCoordinates } from './coordinates.ts';
import { parseDocks } from './count.ts';
import { type Flag, toFlags } from './flags.ts';
import type { JsonObject } from './json.ts';
import type { RecordReader } from './records.ts';
import { parseStationId } from './station-id.ts';
import { toKey, toText } from './text.ts';

/** A station of `station_information`, GBFS 1.0 to 3.x. */
export const STATION_INFORMATION: RecordReader<StationInformation> = {
  kind: 'information',
  feed: 'station_information',
  read: parseInformation,
  hash: informationHash,
};

function parseInformation(record: JsonObject): StationInformation {
  const station_id = parseStationId(record);
  const flags: Flag[] = [];
  const name = toText(record.name);
  if (name === null) flags.push('name_missing');
  const { lat, lon } = toCoordinates(record.lat, record.lon, flags);
  const capacity = parseDocks(record.capacity, 'capacity', flags);
  const region_id = toKey(record.region_id);
  if (name === null && lat === null && capacity === null && region_id === null) {
    throw new RejectedInput('poll', 'no_information_values', 'the record has no name, place, capacity or region');
  }
  return { station_id, name, lat, lon, capacity, region_id, flags: toFlags(flags) };
}
