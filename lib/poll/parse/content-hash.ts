import { hash } from 'node:crypto';
import type { StationInformation, StationStatus } from '../../event.ts';

/** 64 bits, as 16 hex digits. */
const DIGITS = 16;
/** Can't stand in an id, and JSON escapes it: so no two contents have the same text. */
const GAP = '\n';

/**
 * The content of a status: what makes an observation a change when it differs. Not in it: `last_reported`, the document's `last_updated` and `ttl`,
 * our own flags, Seoul's derived `shared`, and fields that the model doesn't know.
 */
export function statusHash(system_id: string, status: StationStatus): string {
  return digest(
    `status${GAP}${system_id}${GAP}${status.station_id}${GAP}${count(status.num_bikes_available)}${GAP}${count(status.num_bikes_disabled)}${GAP}` +
      `${count(status.num_docks_available)}${GAP}${count(status.num_docks_disabled)}${GAP}${count(status.capacity)}${GAP}` +
      `${yesNo(status.is_installed)}${yesNo(status.is_renting)}${yesNo(status.is_returning)}${GAP}${status.vehicle_types ?? '-'}`,
  );
}

/** The content of a station's information: all its values, but not our own flags. */
export function informationHash(system_id: string, information: StationInformation): string {
  const { station_id, name, lat, lon, capacity, region_id } = information;
  return digest(JSON.stringify(['information', system_id, station_id, name, lat, lon, capacity, region_id]));
}

const digest = (content: string): string => hash('sha256', content, 'hex').slice(0, DIGITS);
const count = (value: number | null): string => (value === null ? '-' : String(value));
const yesNo = (value: boolean | null): string => (value === null ? '-' : value ? '1' : '0');
