/**
 * The catalogue of bad input (36 rows, all seen in real feeds) as far as parsing decides it: what becomes of each.
 * The rows about fetching are in ../bad-input-fetch.test.ts.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseDiscovery } from '../../../lib/poll/parse/discovery.ts';
import { parseStationInformation, parseStationStatus } from '../../../lib/poll/parse/document.ts';
import { parseSeoulPage, parseSeoulStatus } from '../../../lib/poll/parse/seoul.ts';
import {
  bodyOf,
  CONTEXT,
  documentOf,
  errorOf,
  informationOf,
  NOW_MS,
  NOW_S,
  only,
  outcome,
  rejectionOf,
  station,
  statusOf,
} from './documents.ts';

const DAY_S = 86_400;
const parseStatus = (body: Buffer) => parseStationStatus(body, CONTEXT);
const hashes = (...stations: unknown[]) => statusOf(...stations).events.map((event) => event.content_hash);

describe('records', () => {
  test('bad input 01: a negative count rejects its record and no other', () => {
    const document = statusOf(station({ station_id: '122' }), station({ station_id: '123', num_bikes_available: -1 }));
    expect(outcome(document)).toEqual({
      fetched: 2,
      accepted: ['122'],
      rejected: ['data.stations[1] negative_count'],
      repeated: 0,
    });
    expect(document.rejects[0]).toMatchObject({ system_id: 'city', slot_ms: NOW_MS, feed: 'station_status' });
  });

  test('bad input 02: a huge negative last_reported is an unknown time', () => {
    expect(only(statusOf(station({ last_reported: -62_135_596_800 })))).toMatchObject({
      last_reported_ms: null,
      flags: 'last_reported_unknown',
    });
  });

  test.each([0, 18_001, 86_400])(
    'bad input 03: the placeholder %i for last_reported becomes null, the row stays',
    (last_reported) => {
      expect(only(statusOf(station({ last_reported, is_installed: false })))).toMatchObject({
        num_bikes_available: 3,
        is_installed: false,
        last_reported_ms: null,
        flags: 'last_reported_unknown',
      });
    },
  );

  test('bad input 04: last_reported in milliseconds is taken as such and flagged', () => {
    expect(only(statusOf(station({ last_reported: NOW_MS - 60_000 })))).toMatchObject({
      last_reported_ms: NOW_MS - 60_000,
      flags: 'last_reported_in_ms',
    });
  });

  test('bad input 05: without last_reported the record counts as observed at the slot of its poll', () => {
    expect(only(statusOf(station({ last_reported: undefined })))).toMatchObject({
      num_bikes_available: 3,
      last_reported_ms: null,
      flags: 'last_reported_missing',
    });
  });

  test('bad input 06: a time that is null is null, in the record and in the document', () => {
    const body = documentOf([station({ last_reported: null })], { last_updated: null });
    const document = parseStatus(body);
    expect(document.feed_updated_ms).toBeNull();
    expect(only(document)).toMatchObject({ last_reported_ms: null, flags: 'last_reported_missing' });
  });

  test.each([
    [14, null],
    [300, null],
    [301, 'last_reported_future'],
  ])('bad input 07: last_reported %i s after the fetch is kept, with the flags %s', (ahead_s, flags) => {
    expect(only(statusOf(station({ last_reported: NOW_S + ahead_s })))).toMatchObject({
      last_reported_ms: NOW_MS + ahead_s * 1000,
      flags,
    });
  });

  test.each([
    [272 * DAY_S, true, 'last_reported_stale'],
    [DAY_S, true, null],
    [272 * DAY_S, false, null],
  ])('bad input 08: last_reported %i s old, renting: %s, is kept with the flags %s', (age_s, is_renting, flags) => {
    expect(only(statusOf(station({ last_reported: NOW_S - age_s, is_renting })))).toMatchObject({
      last_reported_ms: NOW_MS - age_s * 1000,
      num_bikes_available: 3,
      flags,
    });
  });

  test('bad input 09: last_reported that goes backwards is kept, and is neither a change nor a reason to drop', () => {
    const [before, after] = [NOW_S - 60, 1_673_036_581].map((last_reported) => statusOf(station({ last_reported })));
    expect(before?.events[0]?.values).toMatchObject({ last_reported_ms: NOW_MS - 60_000 });
    expect(after?.events[0]?.values).toMatchObject({ last_reported_ms: 1_673_036_581_000 });
    expect(after?.events[0]?.content_hash).toBe(before?.events[0]?.content_hash);
  });

  test('bad input 10: counts that change under the same last_reported are a change', () => {
    const [open] = hashes(station({ is_renting: 1, num_bikes_disabled: 0 }));
    const [closed] = hashes(station({ is_renting: 0, num_bikes_available: 0, num_bikes_disabled: 3 }));
    expect(closed).not.toBe(open);
  });

  test('bad input 11: last_reported that follows the clock of the feed makes no change', () => {
    const at = (time_s: number) =>
      parseStatus(documentOf([station({ last_reported: time_s })], { last_updated: time_s })).events[0]?.content_hash;
    expect(at(NOW_S - 30)).toBe(at(NOW_S - 90));
  });

  test('bad input 12: the same station twice: identical copies are repeated, of differing ones none is believed', () => {
    const [one, two, three] = ['1', '2', '3'].map((station_id) => station({ station_id }));
    const document = statusOf(
      one,
      two,
      { ...one, last_reported: NOW_S },
      { ...two, num_bikes_available: 0 },
      three,
      two,
    );
    expect(outcome(document)).toEqual({
      fetched: 6,
      accepted: ['1', '3'],
      rejected: [
        'data.stations[1] conflicting_duplicate',
        'data.stations[3] conflicting_duplicate',
        'data.stations[5] conflicting_duplicate',
      ],
      repeated: 1,
    });
  });

  test('bad input 13: an id that is a number becomes text; without an id the record is rejected', () => {
    const ids = [509, '509a', null, undefined, '', ' ', 2 ** 53, {}, 'a\u0000b', 'x'.repeat(201)];
    expect(outcome(statusOf(...ids.map((station_id) => station({ station_id }))))).toEqual({
      fetched: 10,
      accepted: ['509', '509a'],
      rejected: [
        'data.stations[2] missing_station_id',
        'data.stations[3] missing_station_id',
        'data.stations[4] missing_station_id',
        'data.stations[5] missing_station_id',
        'data.stations[6] bad_station_id',
        'data.stations[7] bad_station_id',
        'data.stations[8] bad_station_id',
        'data.stations[9] bad_station_id',
      ],
      repeated: 0,
    });
  });

  test('bad input 14: status without information, and the reverse: each stands for itself', () => {
    const status = statusOf(station({ station_id: 'status only' }));
    const information = informationOf({ station_id: 'information only', name: 'Am Tor', lat: 47.5, lon: 8.25 });
    expect(outcome(status)).toMatchObject({ accepted: ['status only'], rejected: [] });
    expect(outcome(information)).toMatchObject({ accepted: ['information only'], rejected: [] });
  });

  test.each([
    ['0,0', 0, 0],
    ['null', null, null],
    ['missing', undefined, undefined],
    ['half missing', 47.5, null],
    ['out of range', 4750, 8.25],
    ['text', 'north', 'east'],
  ])('bad input 15: coordinates that are %s become null, the station stays', (_, lat, lon) => {
    expect(only(informationOf({ station_id: '12', name: 'Am Tor', capacity: 20, lat, lon }))).toMatchObject({
      name: 'Am Tor',
      capacity: 20,
      lat: null,
      lon: null,
      flags: 'coordinates_unknown',
    });
  });

  test('bad input 16: one bad station costs nothing but itself', () => {
    const good = { name: 'Am Tor', lat: 47.5, lon: 8.25 };
    const document = informationOf(
      { station_id: '1', ...good },
      { station_id: '2', ...good, capacity: 'many' },
      null,
      { station_id: '4', ...good, name: [{ text: '', language: 'de' }] },
      'a station',
    );
    expect(outcome(document)).toMatchObject({
      accepted: ['1', '4'],
      rejected: ['data.stations[1] not_a_count', 'data.stations[2] not_a_record', 'data.stations[4] not_a_record'],
    });
    expect(document.events[1]?.values).toMatchObject({ name: null, lat: 47.5, flags: 'name_missing' });
  });

  test('bad input 17: 1 and true are the same, in one document too; anything else is not guessed', () => {
    const written = station({ station_id: 'a', is_renting: 1, is_returning: 0 });
    const spoken = station({ station_id: 'b', is_renting: true, is_returning: 'false' });
    const document = statusOf(
      written,
      spoken,
      station({ station_id: 'c', is_renting: 'yes' }),
      station({ station_id: 'd', is_renting: 2 }),
    );
    for (const event of document.events) expect(event.values).toMatchObject({ is_renting: true, is_returning: false });
    expect(outcome(document)).toMatchObject({
      accepted: ['a', 'b'],
      rejected: ['data.stations[2] not_a_boolean', 'data.stations[3] not_a_boolean'],
    });
    expect(hashes(station({ is_renting: 1 }))).toEqual(hashes(station({ is_renting: true })));
  });

  test('bad input 18: fields decide, not the version; 999999 docks are "unlimited", which is not a number', () => {
    const lime = {
      station_id: 'Zurich',
      num_vehicles_available: 812,
      num_vehicles_disabled: 4,
      num_docks_available: 999_999,
      is_renting: 1,
    };
    const document = parseStatus(documentOf([lime], { version: '1.0' }));
    expect(document.version).toBe('1.0');
    expect(only(document)).toMatchObject({
      num_bikes_available: 812,
      num_bikes_disabled: 4,
      num_docks_available: null,
      flags: 'docks_placeholder,last_reported_missing',
    });
    const both = station({ num_bikes_available: 3, num_vehicles_available: 3 });
    expect(hashes(both)).toEqual(hashes(station()));
  });

  test('bad input 19: types that do not add up are kept beside the count, with a flag', () => {
    const vehicle_types_available = [{ vehicle_type_id: 'ebike', count: 2 }];
    expect(only(statusOf(station({ num_bikes_available: 0, vehicle_types_available })))).toMatchObject({
      num_bikes_available: 0,
      vehicle_types: '[["ebike",2]]',
      flags: 'types_sum_differs',
    });
  });

  test('bad input 20: type ids that nobody defined are kept; no types is null', () => {
    const vehicle_types_available = [{ vehicle_type_id: 'undefined-type', count: 3 }];
    expect(only(statusOf(station({ vehicle_types_available })))).toMatchObject({
      vehicle_types: '[["undefined-type",3]]',
      flags: null,
    });
    expect(only(statusOf(station()))).toMatchObject({ vehicle_types: null, flags: null });
  });
});

describe('documents', () => {
  test('bad input 21: an empty list with a fresh last_updated is a failed snapshot, not a city without stations', () => {
    expect(rejectionOf(() => parseStatus(documentOf([]))).reason).toBe('empty_station_list');
  });

  test.each([
    ['text', '404 Not Found', 'not_json', '"404 Not Found"'],
    ['HTML', '\n<!DOCTYPE html><html>', 'not_json', '"<!DOCTYPE html><html>"'],
    ['XML', '<RESULT><CODE>INFO-100</CODE></RESULT>', 'not_json', '"<RESULT><CODE>INFO-100</CODE></RESULT>"'],
    ['nothing', ' \n', 'not_json', 'the body is empty'],
    ['half a document', '{"data":{"stations":[{"station_id":"1"', 'not_json', 'cut off?'],
    ['escape codes', '\u001b[31mboo', 'not_json', String.raw`"\u001b[31mboo"`],
  ])('bad input 22: a body that is %s is rejected, and the message shows how it begins', (_, body, reason, message) => {
    const error = rejectionOf(() => parseStatus(bodyOf(body)));
    expect(error.reason).toBe(reason);
    expect(error.message).toContain(message);
  });

  test('bad input 23: a station wrapped in {data, headers, status} is rejected, with the bytes that came', () => {
    const wrapped = '{ "data" : {"station_id": "7", "num_bikes_available": 1},  "headers":{}, "status": 200 }';
    const document = parseStatus(bodyOf(`{"data": {"stations": [ ${JSON.stringify(station())} ,\n ${wrapped} ]}}`));
    expect(outcome(document)).toMatchObject({ accepted: ['12'], rejected: ['data.stations[1] nested_wrapper'] });
    expect(document.rejects[0]?.raw.toString()).toBe(wrapped);
  });

  test.each([
    [
      'status and information merged at the root',
      { last_updated: NOW_S, stations: [station({ name: 'Am Tor' })] },
      '"stations"',
    ],
    ['a bare list', [station()], 'an array'],
    ['an error', { error: 'gone' }, '"error"'],
    ['a list under data', { data: [station()] }, '"data"'],
    ['stations as an object', { data: { stations: { 12: station() } } }, '"stations"'],
  ])('bad input 24: %s is no station document', (_, root, found) => {
    for (const parse of [parseStationStatus, parseStationInformation]) {
      const error = rejectionOf(() => parse(bodyOf(root), CONTEXT));
      expect(error.reason).toBe('not_a_station_document');
      expect(error.message).toContain(found);
    }
  });

  test('bad input 31: unknown fields, nulls and twins are ignored, and kept in the raw record', () => {
    const odd = station({
      traffic: null,
      numBikesAvailable: 9,
      stationCode: '00012',
      eightd_active_station_services: [{ id: 'x' }],
    });
    const document = statusOf(odd);
    expect(JSON.parse(document.events[0]?.raw ?? '')).toEqual(odd);
    expect(document.events[0]?.content_hash).toBe(hashes(station())[0]);
    const asObject = station({ num_bikes_available_types: { smart: 0, electric: 2, classic: 1 } });
    const asArray = station({ num_bikes_available_types: [{ mechanical: 1 }, { ebike: 2 }] });
    expect(only(statusOf(asObject)).vehicle_types).toBe('[["classic",1],["electric",2],["smart",0]]');
    expect(only(statusOf(asArray)).vehicle_types).toBe('[["mechanical",1],["ebike",2]]');
  });

  test('bad input 33: a feed of free vehicles is not read: vehicles that move while rented are no trips', () => {
    const bikes = bodyOf({ last_updated: NOW_S, data: { bikes: [{ bike_id: 'b', lat: 47.5, lon: 8.25 }] } });
    const error = rejectionOf(() => parseStatus(bikes));
    expect(error.reason).toBe('not_a_station_document');
    expect(error.message).toContain('data is an object with "bikes"');
  });

  test('bad input 34: zero at night and disabled are different things, and both are kept as they were said', () => {
    const closed = station({ num_bikes_available: 0, is_renting: false, is_returning: true });
    const disabled = station({ num_bikes_available: 0, num_bikes_disabled: 3 });
    expect(only(statusOf(closed))).toMatchObject({
      num_bikes_available: 0,
      num_bikes_disabled: null,
      is_renting: false,
    });
    expect(only(statusOf(disabled))).toMatchObject({ num_bikes_available: 0, num_bikes_disabled: 3, is_renting: true });
    expect(hashes(closed)).not.toEqual(hashes(disabled));
  });

  test('bad input 35: a byte order mark is passed over, also when a record behind it is rejected', () => {
    const mark = Buffer.from([0xef, 0xbb, 0xbf]);
    const document = parseStatus(Buffer.concat([mark, documentOf([station(), 17])]));
    expect(outcome(document)).toMatchObject({ accepted: ['12'], rejected: ['data.stations[1] not_a_record'] });
    expect(document.rejects[0]?.raw.toString()).toBe('17');
  });
});

describe('discovery', () => {
  const feeds = [
    { name: 'station_status', url: 'https://bikes.test/status.json' },
    { name: 'station_information', url: 'https://bikes.test/information.json' },
  ];

  test('bad input 26: a feed listed twice, http under https, and a key in the query, as far as the document decides it', () => {
    const listed = [
      { name: 'station_status', url: 'http://bikes.test/status.json' },
      { name: 'station_status', url: 'https://bikes.test/second.json' },
      { name: 'station_information', url: 'https://elsewhere.test/information.json' },
    ];
    const discovery = parseDiscovery(
      bodyOf({ data: { en: { feeds: listed } } }),
      'https://bikes.test/gbfs.json?key=K1',
    );
    expect(discovery.feeds).toEqual({
      station_status: 'https://bikes.test/status.json?key=K1',
      station_information: 'https://elsewhere.test/information.json',
    });
    expect(discovery.notes).toEqual([
      'the URL of station_status is http; https is taken, as for the discovery document',
      'station_status is listed more than once; the first one is taken',
      'the query of the discovery URL is not passed on to station_information, which lies on another host',
    ]);
  });

  test.each([
    ['an unknown language', { nb: { feeds } }],
    ['a language that is no tag', { '': { feeds } }],
    [
      'English among others',
      { de: { feeds: [{ name: 'station_status', url: 'https://bikes.test/de' }] }, 'en-CA': { feeds } },
    ],
    ['English without stations', { en: { feeds: feeds.slice(1) }, fr: { feeds } }],
    ['no language at all', { feeds }],
  ])('bad input 27: discovery in %s is read', (_, data) => {
    expect(parseDiscovery(bodyOf({ data }), 'https://bikes.test/gbfs.json').feeds.station_status).toBe(
      'https://bikes.test/status.json',
    );
  });
});

describe('Seoul', () => {
  const row = {
    rackTotCnt: '15',
    stationName: ' 102. A Street',
    parkingBikeTotCnt: '16',
    shared: '107',
    stationLatitude: '37.5',
    stationLongitude: '126.9',
    stationId: 'ST-4',
  };
  const pageOf = (...rows: unknown[]) =>
    parseSeoulPage(bodyOf({ rentBikeStatus: { list_total_count: 1, RESULT: { CODE: 'INFO-000' }, row: rows } }), null);

  test('bad input 36: text for numbers, "" for nothing, no racks, more bikes than racks', () => {
    const rows = [
      row,
      { ...row, stationId: 'ST-5', rackTotCnt: '0', parkingBikeTotCnt: '3' },
      { ...row, stationId: 'ST-6', rackTotCnt: '' },
      { ...row, stationId: 'ST-7', parkingBikeTotCnt: '-1' },
    ];
    const document = parseSeoulStatus([pageOf(...rows)], CONTEXT);
    expect(document.events.map(({ values }) => values)).toMatchObject([
      { station_id: 'ST-4', num_bikes_available: 16, capacity: 15, flags: null },
      { station_id: 'ST-5', num_bikes_available: 3, capacity: 0, flags: null },
      { station_id: 'ST-6', num_bikes_available: 16, capacity: null, flags: null },
    ]);
    expect(document.rejects).toMatchObject([{ reason: 'negative_count', place: 'pages[0].rentBikeStatus.row[3]' }]);
  });

  test('bad input 36: the code of an error stands in four places', () => {
    const code = { CODE: 'ERROR-500', MESSAGE: '' };
    for (const body of [
      { rentBikeStatus: { RESULT: code } },
      { RESULT: code },
      code,
      '<RESULT><CODE>ERROR-500</CODE><MESSAGE>x</MESSAGE></RESULT>',
    ]) {
      expect(errorOf(() => parseSeoulPage(bodyOf(body), 'application/json'))).toMatchObject({
        name: 'TransientError',
        reason: 'seoul_error_500',
      });
    }
  });
});

test('all 36 rows of the catalogue have a test, here or where fetching is tested', () => {
  const sources = ['./bad-input.test.ts', '../bad-input-fetch.test.ts'].map((file) =>
    fileURLToPath(new URL(file, import.meta.url)),
  );
  const tested = sources
    .filter((file) => existsSync(file))
    .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/bad input (\d\d):/g)].map((match) => Number(match[1])));
  const missing = Array.from({ length: 36 }, (_, i) => i + 1).filter((row) => !tested.includes(row));
  expect(missing).toEqual([]);
});
