import { describe, expect, test } from 'vitest';
import { parseDiscovery } from '../../../lib/poll/parse/discovery.ts';
import { parseStationInformation, parseStationStatus } from '../../../lib/poll/parse/document.ts';
import { FLAGS } from '../../../lib/poll/parse/flags.ts';
import { toEpochMs } from '../../../lib/poll/parse/time.ts';
import {
  bodyOf,
  CONTEXT,
  documentOf,
  informationOf,
  NOW_MS,
  only,
  rejectionOf,
  station,
  statusOf,
} from './documents.ts';

describe('a status', () => {
  const v23 = {
    station_id: '12',
    num_bikes_available: 3,
    num_docks_available: 0,
    vehicle_types_available: [
      { vehicle_type_id: 'e', count: 1 },
      { vehicle_type_id: 'c', count: 2 },
    ],
    is_installed: true,
    is_renting: true,
    is_returning: false,
    last_reported: 1_795_222_740,
  };
  const v30 = {
    ...v23,
    num_bikes_available: undefined,
    num_vehicles_available: 3,
    last_reported: '2026-11-21T02:59:00.250+02:00',
  };
  const values = {
    station_id: '12',
    num_bikes_available: 3,
    num_bikes_disabled: null,
    num_docks_available: 0,
    num_docks_disabled: null,
    capacity: null,
    is_installed: true,
    is_renting: true,
    is_returning: false,
    vehicle_types: '[["e",1],["c",2]]',
    last_reported_ms: 1_795_222_740_000,
    flags: null,
  };

  test('of 2.3 and of 3.0 has the same values and the same hash', () => {
    expect(only(statusOf(v23))).toEqual(values);
    expect(only(statusOf(v30))).toEqual({ ...values, last_reported_ms: 1_795_222_740_250 });
    expect(statusOf(v30).events[0]?.content_hash).toBe(statusOf(v23).events[0]?.content_hash);
  });

  test('has a hash that must never change: with another every station would seem to change (SHA-256 of the text, computed elsewhere)', () => {
    expect(statusOf(v23).events[0]?.content_hash).toBe('7c6bb2dc0f5f262a');
  });

  test('null is not 0, neither in the values nor in the hash', () => {
    const [none, zero] = [null, 0].map((num_docks_available) => statusOf(station({ num_docks_available })));
    expect(none?.events[0]?.values).toMatchObject({ num_docks_available: null });
    expect(zero?.events[0]?.values).toMatchObject({ num_docks_available: 0 });
    expect(none?.events[0]?.content_hash).not.toBe(zero?.events[0]?.content_hash);
  });

  test('an array of vehicle types in another order is another content; the hash follows the array', () => {
    const turned = { ...v23, vehicle_types_available: v23.vehicle_types_available.toReversed() };
    expect(only(statusOf(turned)).vehicle_types).toBe('[["c",2],["e",1]]');
    expect(statusOf(turned).events[0]?.content_hash).not.toBe('7c6bb2dc0f5f262a');
  });

  test.each([
    [{ num_bikes_available: 1.5 }, 'not_a_count'],
    [{ num_bikes_available: 'three' }, 'not_a_count'],
    [{ num_bikes_available: [3] }, 'not_a_count'],
    [{ num_bikes_available: 2 ** 31 }, 'count_out_of_range'],
    [{ num_docks_available: -7 }, 'negative_count'],
    [{ vehicle_types_available: [{ vehicle_type_id: 'e', count: -1 }] }, 'negative_count'],
  ])('with %j is rejected: %s', (changed, reason) => {
    expect(statusOf(station(changed)).rejects.map((reject) => reject.reason)).toEqual([reason]);
  });

  test.each([
    [{ num_bikes_available: '3' }, { num_bikes_available: 3 }],
    [{ num_bikes_available: 3.0 }, { num_bikes_available: 3 }],
    [{ num_bikes_available: 2 ** 31 - 1 }, { num_bikes_available: 2_147_483_647 }],
    [{ num_docks_available: '' }, { num_docks_available: null }],
    [{ vehicle_types_available: [] }, { vehicle_types: '[]', flags: 'types_sum_differs' }],
    [{ vehicle_types_available: 'all' }, { vehicle_types: null, flags: 'vehicle_types_unreadable' }],
    [
      { vehicle_types_available: [{ vehicle_type_id: 'e' }] },
      { vehicle_types: null, flags: 'vehicle_types_unreadable' },
    ],
    [{ vehicle_types_available: null }, { vehicle_types: null, flags: null }],
  ])('with %j is taken as %j', (changed, expected) => {
    expect(only(statusOf(station(changed)))).toMatchObject(expected);
  });

  test('that says nothing is no observation, as when a station_information document lies under the wrong URL', () => {
    const document = statusOf({ station_id: '12', name: 'Am Tor', lat: 47.5, lon: 8.25 });
    expect(document.rejects.map((reject) => reject.reason)).toEqual(['no_status_values']);
  });
});

describe('an information', () => {
  test('of 3.0: English is taken, else the first name that is not empty', () => {
    const name = (...texts: Array<[string, string]>) =>
      only(
        informationOf({ station_id: '12', capacity: 1, name: texts.map(([language, text]) => ({ language, text })) }),
      ).name;
    expect(name(['de', 'Am Tor'], ['en', ' At the Gate '])).toBe('At the Gate');
    expect(name(['de', ''], ['fr', 'À la porte'], ['it', 'Alla porta'])).toBe('À la porte');
    expect(name(['de', ' '])).toBeNull();
  });

  test('has all its values, and a hash over them', () => {
    const record = { station_id: 12, name: 'Am Tor', lat: 47.5, lon: '8.25', capacity: 20, region_id: null, extra: 1 };
    const [event] = informationOf(record).events;
    expect(event).toMatchObject({ kind: 'information', content_hash: '5f35aab51d10d3ec', raw: JSON.stringify(record) });
    expect(event?.values).toEqual({
      station_id: '12',
      name: 'Am Tor',
      lat: 47.5,
      lon: 8.25,
      capacity: 20,
      region_id: null,
      flags: null,
    });
  });

  test('a region that is a number becomes text', () => {
    expect(only(informationOf({ station_id: '1', name: 'Am Tor', lat: 47.5, lon: 0, region_id: 71 }))).toMatchObject({
      region_id: '71',
      lon: 0,
      flags: null,
    });
  });

  test('that says nothing is rejected', () => {
    const reasons = informationOf({ station_id: '12', num_bikes_available: 3 }).rejects.map(({ reason }) => reason);
    expect(reasons).toEqual(['no_information_values']);
  });
});

describe('a document', () => {
  test('tells its version and its own time, in seconds or in RFC 3339', () => {
    const stations = [station()];
    expect(parseStationStatus(documentOf(stations), CONTEXT)).toMatchObject({
      version: '2.3',
      feed_updated_ms: NOW_MS,
    });
    const v3 = documentOf(stations, { version: '3.0', last_updated: '2026-11-21T02:00:00+01:00' });
    expect(parseStationStatus(v3, CONTEXT)).toMatchObject({ version: '3.0', feed_updated_ms: NOW_MS });
    const v1 = documentOf(stations, { version: undefined, last_updated: undefined });
    expect(parseStationStatus(v1, CONTEXT)).toMatchObject({ version: null, feed_updated_ms: null });
  });

  test('that is no UTF-8 is rejected rather than repaired', () => {
    const body = Buffer.from('{"data":{"stations":[{"station_id":"caf\xe9"}]}}', 'latin1');
    for (const parse of [parseStationStatus, parseStationInformation]) {
      expect(rejectionOf(() => parse(body, CONTEXT)).reason).toBe('not_utf8');
    }
  });
});

describe('a time', () => {
  test.each([
    [1_497_183_817, 1_497_183_817_000],
    [1_497_183_817_000, 1_497_183_817_000],
    [1_497_183_817.25, 1_497_183_817_250],
    ['1497183817', 1_497_183_817_000],
    ['2024-03-21T09:27:38.821Z', 1_711_013_258_821],
    ['2024-03-21t09:27:38z', 1_711_013_258_000],
    ['2025-05-21T07:48:04.229881+00:00', 1_747_813_684_229],
    ['2023-07-17T13:34:13+02:00', 1_689_593_653_000],
    ['2023-07-17 13:34:13-0530', 1_689_620_653_000],
    ['2023-07-17T13:34:13', null],
    ['2023-07-17', null],
    ['yesterday', null],
    [1_450_155_599, null],
    [1_450_155_600, 1_450_155_600_000],
    [1e15, null],
    [true, null],
    [{}, null],
  ])('%j is %j ms', (value, ms) => {
    expect(toEpochMs(value)).toBe(ms);
  });
});

describe('discovery', () => {
  test.each([
    ['status.json', 'https://bikes.test/v2/status.json'],
    ['/status.json', 'https://bikes.test/status.json'],
    ['//other.test/status.json', 'https://other.test/status.json'],
    ['http://bikes.test:8080/status.json', 'http://bikes.test:8080/status.json'],
    ['https://bikes.test/status.json#now', 'https://bikes.test/status.json'],
  ])('takes %s for %s', (url, absolute) => {
    const body = bodyOf({ data: { feeds: [{ name: 'station_status', url }] } });
    expect(parseDiscovery(body, 'https://bikes.test/v2/gbfs.json').feeds.station_status).toBe(absolute);
  });

  test('a key that a feed has of its own stays', () => {
    const body = bodyOf({ data: { feeds: [{ name: 'station_status', url: 'status.json?key=own' }] } });
    const { feeds } = parseDiscovery(body, 'http://bikes.test/gbfs.json?key=K1&lang=en');
    expect(feeds.station_status).toBe('http://bikes.test/status.json?key=own&lang=en');
  });

  test('the second URL of a feed serves where the first is none', () => {
    const feeds = ['file:/etc/passwd', 'https://bikes.test/status.json'].map((url) => ({
      name: 'station_status',
      url,
    }));
    const discovery = parseDiscovery(bodyOf({ data: { feeds } }), 'https://bikes.test/gbfs.json');
    expect(discovery.feeds).toEqual({ station_status: 'https://bikes.test/status.json' });
    expect(discovery.notes).toHaveLength(2);
  });

  test.each([
    ['a list', []],
    ['data without feeds', { data: { languages: ['en'] } }],
    ['an error', { error: 'no such city' }],
  ])('%s is no discovery document', (_, root) => {
    const error = rejectionOf(() => parseDiscovery(bodyOf(root), 'https://bikes.test/gbfs.json'));
    expect(error.reason).toBe('not_a_discovery_document');
  });
});

test('flags are a closed set of names that a column can hold', () => {
  expect(Object.keys(FLAGS)).toHaveLength(10);
  for (const flag of Object.keys(FLAGS)) expect(flag).toMatch(/^[a-z_]+$/);
});
