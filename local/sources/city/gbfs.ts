import { type Station, ZONES, type Zone } from './layout.ts';
import { TIME_ZONE } from './rhythm.ts';
import type { Snapshot, StationSnapshot } from './snapshot.ts';
import type { BikeKind } from './station.ts';

/** How long a document stands. */
export const TTL_S = 60;
const TTL_MS = TTL_S * 1000;
/** Any time that GBFS allows; documents that never change carry it. */
const LONG_AGO_MS = 1_600_000_000_000;

export interface Names {
  readonly en: string;
  readonly ko: string;
}

/** What two versions of GBFS do differently. */
export interface GbfsVersion {
  readonly version: string;
  time(time_ms: number): number | string;
  text(names: Names): unknown;
  counts(station: StationSnapshot): object;
  /** When a station says that it reported, and the document that it was updated. */
  reportedMs(station: StationSnapshot, changed_ms: number, time_ms: number): number;
  updatedMs(snapshot: Snapshot): number;
  system(system_id: string, name: Names): object;
  discovery(feeds: readonly object[]): object;
}

/** The documents of a GBFS system. */
export interface GbfsDocuments {
  /** gbfs.json, for where the feeds are served. */
  discovery(base_url: string): object;
  /** By name. */
  readonly feeds: Readonly<Record<string, (snapshot: Snapshot) => object>>;
}

const CITY_NAME: Names = { en: 'Sim City Bikes', ko: '모의도시 자전거' };
const REGION_NAMES: Readonly<Record<Zone, Names>> = {
  centre: { en: 'Old Town', ko: '옛마을' },
  hub: { en: 'Interchanges', ko: '환승거점' },
  housing: { en: 'Five Villages', ko: '다섯마을' },
  river: { en: 'Riverside', ko: '강가' },
};
const VEHICLE_TYPES: readonly { readonly kind: BikeKind; readonly name: Names; readonly propulsion: object }[] = [
  { kind: 'classic', name: { en: 'Classic bike', ko: '일반' }, propulsion: { propulsion_type: 'human' } },
  {
    kind: 'electric',
    name: { en: 'Electric bike', ko: '전기' },
    propulsion: { propulsion_type: 'electric_assist', max_range_meters: 40_000 },
  },
];

const stationId = (station: Station): string => `sim-${String(station.index + 1).padStart(4, '0')}`;
const regionId = (zone: Zone): string => `r-${zone}`;

/** When the document that first showed what happened at a time was made. */
export const shownAt = (time_ms: number): number => Math.ceil(time_ms / TTL_MS) * TTL_MS;

/** The documents of the city in a version of GBFS. */
export function gbfsDocuments(system_id: string, v: GbfsVersion): GbfsDocuments {
  const envelope = (updated_ms: number, content: object) => ({
    last_updated: v.time(updated_ms),
    ttl: TTL_S,
    version: v.version,
    data: content,
  });
  const feeds: GbfsDocuments['feeds'] = {
    system_information: () => envelope(LONG_AGO_MS, { ...v.system(system_id, CITY_NAME), timezone: TIME_ZONE }),
    vehicle_types: () =>
      envelope(LONG_AGO_MS, {
        vehicle_types: VEHICLE_TYPES.map(({ kind, name, propulsion }) => ({
          vehicle_type_id: kind,
          form_factor: 'bicycle',
          ...propulsion,
          name: v.text(name),
        })),
      }),
    system_regions: () =>
      envelope(LONG_AGO_MS, {
        regions: ZONES.map((zone) => ({ region_id: regionId(zone), name: v.text(REGION_NAMES[zone]) })),
      }),
    station_information: ({ rebuilt_ms, stations }) =>
      envelope(shownAt(rebuilt_ms), {
        stations: stations.map(({ station, docks }) => ({
          station_id: stationId(station),
          name: v.text(station.name),
          lat: Number(station.lat.toFixed(6)),
          lon: Number(station.lon.toFixed(6)),
          region_id: regionId(station.zone),
          capacity: docks,
        })),
      }),
    station_status: (snapshot) =>
      envelope(v.updatedMs(snapshot), {
        stations: snapshot.stations.map((s) => ({
          station_id: stationId(s.station),
          ...v.counts(s),
          vehicle_types_available: VEHICLE_TYPES.map(({ kind }) => ({ vehicle_type_id: kind, count: s.by_kind[kind] })),
          num_docks_available: s.free_docks,
          is_installed: s.is_installed,
          is_renting: s.is_renting,
          is_returning: s.is_returning,
          ...(s.changed_ms === null ? {} : { last_reported: v.time(v.reportedMs(s, s.changed_ms, snapshot.time_ms)) }),
        })),
      }),
  };
  const names = Object.keys(feeds);
  return {
    discovery: (base_url) =>
      envelope(LONG_AGO_MS, v.discovery(names.map((name) => ({ name, url: `${base_url}/${name}.json` })))),
    feeds,
  };
}
