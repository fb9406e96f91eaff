import { RejectedInput } from '../../errors.ts';
import type { StationStatus } from '../../event.ts';
import { parseBoolean } from './boolean.ts';
import { statusHash } from './content-hash.ts';
import { parseCount, parseDocks } from './count.ts';
import { type Flag, toFlags } from './flags.ts';
import type { JsonObject } from './json.ts';
import type { ParseContext, RecordReader } from './records.ts';
import { parseStationId } from './station-id.ts';
import { toLastReported } from './time.ts';
import { parseVehicleTypes } from './vehicle-types.ts';

/**
 * A station of `station_status`, GBFS 1.0 to 3.x. Fields decide, not the version that the document claims: `version: "1.0"` comes with 3.0
 * names, and some feeds publish both names.
 */
export const STATION_STATUS: RecordReader<StationStatus> = {
  kind: 'status',
  feed: 'station_status',
  read: parseStatus,
  hash: statusHash,
};

function parseStatus(record: JsonObject, context: ParseContext): StationStatus {
  const station_id = parseStationId(record);
  const flags: Flag[] = [];
  const bikes = parseCount(record.num_bikes_available ?? record.num_vehicles_available, 'num_bikes_available');
  const is_renting = parseBoolean(record.is_renting, 'is_renting');
  const status: StationStatus = {
    station_id,
    num_bikes_available: bikes,
    num_bikes_disabled: parseCount(record.num_bikes_disabled ?? record.num_vehicles_disabled, 'num_bikes_disabled'),
    num_docks_available: parseDocks(record.num_docks_available, 'num_docks_available', flags),
    num_docks_disabled: parseDocks(record.num_docks_disabled, 'num_docks_disabled', flags),
    capacity: null, // GBFS says it in station_information
    is_installed: parseBoolean(record.is_installed, 'is_installed'),
    is_renting,
    is_returning: parseBoolean(record.is_returning, 'is_returning'),
    vehicle_types: parseVehicleTypes(record, bikes, flags),
    last_reported_ms: toLastReported(record.last_reported, is_renting, context.fetched_at_ms, flags),
    flags: toFlags(flags),
  };
  if (saysNothing(status)) {
    throw new RejectedInput('poll', 'no_status_values', 'the record has no count, no is_* and no vehicle types');
  }
  return status;
}

/** A record with an id alone is no observation: most likely a station_information document under the wrong URL. A placeholder says something. */
const saysNothing = (status: StationStatus): boolean =>
  status.num_bikes_available === null &&
  status.is_renting === null &&
  status.is_installed === null &&
  status.is_returning === null &&
  status.num_docks_available === null &&
  status.num_bikes_disabled === null &&
  status.num_docks_disabled === null &&
  status.vehicle_types === null &&
  !status.flags?.includes('docks_placeholder');
