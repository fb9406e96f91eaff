/** Real captures of every GBFS version go through. The expected figures were counted by a script of its own, not by the parser. */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseDiscovery } from '../../../lib/poll/parse/discovery.ts';
import { parseStationInformation, parseStationStatus } from '../../../lib/poll/parse/document.ts';
import type { ParsedDocument } from '../../../lib/poll/parse/records.ts';
import { parseSystemInformation } from '../../../lib/poll/parse/system-information.ts';
import { hasSharedData, readShared, sharedData } from '../../shared.ts';
import { rejectionOf } from './documents.ts';

type StatusRow = [
  file: string,
  version: string | null,
  updated_s: number,
  stations: number,
  bikes: number,
  flagged: Record<string, number>,
];

const STATUS: StatusRow[] = [
  ['bcycle-boulder-2022', '1.1', 1_644_027_738, 45, 222, {}],
  ['bixi-2025', null, 1_747_579_520, 957, 8917, { last_reported_stale: 15 }],
  ['citibike-2019', null, 1_562_342_057, 845, 11_411, { last_reported_unknown: 15 }],
  ['docomo-cycle-tokyo-2022', '2.3', 1_656_428_406, 1077, 6295, {}],
  ['fixture-lamassu-v3', '3.0', 1_640_887_163, 2, 7, { last_reported_stale: 2 }],
  ['fixture-otp-helsinki', null, 1_631_517_710, 10, 43, {}],
  ['fixture-spec-examples-2.3', '2.3', 1_640_887_163, 2, 7, { last_reported_stale: 2 }],
  ['fixture-spec-examples-3.0', '3.0', 1_689_593_653, 2, 7, {}],
  ['fordgobike-2018', null, 1_525_104_970, 312, 2708, { last_reported_unknown: 23 }],
  ['hubway-2017', null, 1_513_095_679, 195, 1332, { last_reported_unknown: 10, last_reported_stale: 3 }],
  ['wienmobil-nextbike-2025', '2.3', 1_763_143_405, 261, 3604, {}],
  ['zeus-kualalumpur-2025', '2.2', 1_759_826_017, 249, 1900, {}],
];

type InformationRow = [
  file: string,
  version: string | null,
  fetched: number,
  rejected: number,
  capacity: number,
  flagged: Record<string, number>,
];

const INFORMATION: InformationRow[] = [
  ['bcycle-boulder-2022/station_information', '1.1', 45, 0, 0, {}],
  ['bcycle-boulder-2022/station_information_2-6-22', '1.1', 45, 0, 0, {}],
  ['bixi-2025/station_information', null, 957, 0, 21_425, {}],
  ['citibike-2019/station_information', null, 845, 0, 26_249, {}],
  ['docomo-cycle-tokyo-2022/station_information', '2.3', 1077, 0, 12_791, {}],
  ['fixture-lamassu-v3/station_information', '3.0', 2, 0, 16, {}],
  ['fixture-otp-helsinki/station_information', null, 10, 2, 201, { name_missing: 2, coordinates_unknown: 1 }],
  ['fixture-spec-examples-2.3/station_information-1', '2.3', 1, 0, 0, {}],
  ['fixture-spec-examples-2.3/station_information-2', '2.3', 1, 0, 16, {}],
  ['fixture-spec-examples-3.0/station_information-1', '3.0', 1, 0, 0, {}],
  ['fixture-spec-examples-3.0/station_information-2', '3.0', 1, 0, 16, {}],
  ['fixture-spec-examples-3.0/station_information-3', '3.0', 1, 0, 0, {}],
  ['fordgobike-2018/station_information', null, 312, 0, 6385, {}],
  ['hubway-2017/station_information', null, 195, 0, 3339, {}],
  ['sharedmobility-ch-2026/station_information', '2.3', 1634, 0, 53_361, {}],
  ['wienmobil-nextbike-2025/station_information', '2.3', 261, 0, 4231, {}],
  ['zeus-kualalumpur-2025/station_information', '2.2', 249, 0, 3690, {}],
];

const sumOf = (document: ParsedDocument, field: 'num_bikes_available' | 'capacity'): number =>
  document.events.reduce((sum, { values }) => sum + (field in values ? Number((values as never)[field] ?? 0) : 0), 0);

function flagged(document: ParsedDocument): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { values } of document.events) {
    for (const flag of values.flags?.split(',') ?? []) counts[flag] = (counts[flag] ?? 0) + 1;
  }
  return counts;
}

describe.skipIf(!hasSharedData)('captures', () => {
  test.each(STATUS)('status of %s, GBFS %s', (file, version, updated_s, stations, bikes, flags) => {
    const at_ms = updated_s * 1000;
    const context = { system_id: 'capture', slot_ms: at_ms, fetched_at_ms: at_ms };
    const document = parseStationStatus(readShared(`gbfs/${file}/station_status.json`), context);
    expect(document).toMatchObject({ version, feed_updated_ms: at_ms, fetched: stations, rejects: [], repeated: 0 });
    expect(document.events).toHaveLength(stations);
    expect(sumOf(document, 'num_bikes_available')).toBe(bikes);
    expect(flagged(document)).toEqual(flags);
  });

  test.each(INFORMATION)('information of %s, GBFS %s', (file, version, fetched, rejected, capacity, flags) => {
    const context = { system_id: 'capture', slot_ms: 0, fetched_at_ms: 0 };
    const document = parseStationInformation(readShared(`gbfs/${file}.json`), context);
    expect(document).toMatchObject({ version, fetched, repeated: 0 });
    expect(document.rejects.map(({ reason }) => reason)).toEqual(Array(rejected).fill('missing_station_id'));
    expect(document.events).toHaveLength(fetched - rejected);
    expect(sumOf(document, 'capacity')).toBe(capacity);
    expect(flagged(document)).toEqual(flags);
  });

  test('the tables name every capture of stations that is GBFS', () => {
    const named = [...STATUS.map(([file]) => `${file}/station_status`), ...INFORMATION.map(([file]) => file)];
    const found = readdirSync(sharedData('gbfs'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      /station_(status|information).*\.json$/.test(file),
    );
    const unwrapped = 'capitalbikeshare-2026/station_information.json';
    expect(found.sort()).toEqual([...named.map((file) => `${file}.json`), unwrapped].sort());
  });

  test('a list that a scraper has unwrapped is not GBFS', () => {
    const body = readShared('gbfs/capitalbikeshare-2026/station_information.json');
    const context = { system_id: 'capture', slot_ms: 0, fetched_at_ms: 0 };
    expect(rejectionOf(() => parseStationInformation(body, context)).reason).toBe('not_a_station_document');
  });

  test('every other file of the captures is told apart from stations, with a reason', () => {
    const others = readdirSync(sharedData('gbfs'), { recursive: true, encoding: 'utf8' }).filter(
      (file) => /\.(json|csv)$/.test(file) && !file.includes('station_'),
    );
    expect(others.length).toBeGreaterThan(40);
    const context = { system_id: 'capture', slot_ms: 0, fetched_at_ms: 0 };
    for (const file of others) {
      const error = rejectionOf(() => parseStationStatus(readShared(`gbfs/${file}`), context));
      expect([file, error.reason]).toEqual([file, file.endsWith('.csv') ? 'not_json' : 'not_a_station_document']);
    }
  });

  test.each([
    ['zeus-kualalumpur-2025', '2.2', 0, 'https://zieqi.github.io/gbfs-test/station_status.json'],
    ['fixture-lamassu-v3', '3.0', 300, 'http://localhost:8888/testozon/station_status'],
  ])('discovery of %s, GBFS %s', (file, version, ttl_s, station_status) => {
    const discovery = parseDiscovery(readShared(`gbfs/${file}/gbfs.json`), 'https://bikes.test/gbfs.json');
    expect(discovery).toMatchObject({ version, ttl_s, feeds: { station_status } });
  });

  test.each([
    ['tier-wolfsburg-2023', 'unsupported_gbfs_kind', '"free_bike_status"'],
    ['fixture-entur-getaroundstavanger-v3', 'unsupported_gbfs_kind', '"vehicle_status"'],
    ['fixture-spec-examples-2.3', 'unsupported_gbfs_kind', '"station_information"'],
    ['fixture-spec-examples-3.0', 'unsupported_gbfs_kind', '"station_information"'],
    ['fixture-entur-broken-404feeds', 'unusable_feed_url', 'station_status'],
    ['fixture-otp-helsinki', 'unusable_feed_url', 'station_status'],
  ])('discovery of %s is refused: %s', (file, reason, named) => {
    const error = rejectionOf(() =>
      parseDiscovery(readShared(`gbfs/${file}/gbfs.json`), 'https://bikes.test/gbfs.json'),
    );
    expect(error.reason).toBe(reason);
    expect(error.message).toContain(named);
  });

  test.each([
    ['fixture-otp-helsinki/system_information', 'HSL Bikes Share', 'Europe/Helsinki', ['en']],
    ['fixture-spec-examples-2.3/system_information', 'Example Bike Rental', 'America/Chicago', ['en']],
    ['fixture-spec-examples-3.0/system_information-1', 'Example Bike Rental', 'America/Chicago', ['en']],
    ['fixture-spec-examples-3.0/system_information-2', 'Example Bike Rental', 'America/Chicago', ['en']],
    ['fixture-entur-getaroundstavanger-v3/system_information', 'Getaround', 'Europe/Oslo', ['nb-NO']],
    ['fixture-lamassu-v3/system_information', 'Example Bike Rental', 'America/Chicago', ['en']],
    ['tier-wolfsburg-2023/system_information', 'TIER Escooter Wolfsburg', 'Europe/Berlin', ['en']],
    ['zeus-kualalumpur-2025/system_information', 'Zeus Scooters', 'Asia/Kuala_Lumpur', ['en']],
  ])('system information of %s', (file, name, time_zone, languages) => {
    expect(parseSystemInformation(readShared(`gbfs/${file}.json`))).toMatchObject({ name, time_zone, languages });
  });
});
