import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parseSeoulInformation, parseSeoulPage, parseSeoulStatus } from '../../../lib/poll/parse/seoul.ts';
import { hasSharedData, readShared } from '../../shared.ts';
import { bodyOf, CONTEXT, errorOf, outcome, rejectionOf } from './documents.ts';

const row = (id: string, bikes: string, changed: Record<string, unknown> = {}) => ({
  rackTotCnt: '15',
  stationName: ' 102. A Street',
  parkingBikeTotCnt: bikes,
  shared: '107',
  stationLatitude: '37.55500000',
  stationLongitude: '126.91000000',
  stationId: id,
  ...changed,
});
const listOf = (...rows: unknown[]) => ({
  rentBikeStatus: { list_total_count: rows.length, RESULT: { CODE: 'INFO-000', MESSAGE: 'ok' }, row: rows },
});
const pageOf = (...rows: unknown[]) => parseSeoulPage(bodyOf(listOf(...rows)), 'application/json');

describe('a page', () => {
  test('a page with rows is not the end, however few they are and whatever the total says', () => {
    expect(pageOf(row('ST-4', '16'))).toMatchObject({ end: false });
    expect(pageOf(row('ST-4', '16')).rows).toHaveLength(1);
  });

  test.each([
    ['at the top level', { CODE: 'INFO-200', MESSAGE: '' }],
    ['in RESULT', { RESULT: { CODE: 'INFO-200', MESSAGE: '' } }],
    ['in the wrapper', { rentBikeStatus: { RESULT: { CODE: 'INFO-200' } } }],
    ['in XML', '<RESULT><CODE>INFO-200</CODE></RESULT>'],
    ['as a list without rows', listOf()],
    ['as a success without a list', { rentBikeStatus: { RESULT: { CODE: 'INFO-000' } } }],
  ])('the end is said %s', (_, body) => {
    expect(parseSeoulPage(bodyOf(body), null)).toMatchObject({ rows: [], end: true });
  });

  test.each([
    ['INFO-100', 'FatalError', 'invalid_key'],
    ['ERROR-300', 'RejectedInput', 'seoul_error_300'],
    ['ERROR-301', 'RejectedInput', 'seoul_error_301'],
    ['ERROR-310', 'RejectedInput', 'seoul_error_310'],
    ['ERROR-331', 'RejectedInput', 'seoul_error_331'],
    ['ERROR-332', 'RejectedInput', 'seoul_error_332'],
    ['ERROR-333', 'RejectedInput', 'seoul_error_333'],
    ['ERROR-334', 'RejectedInput', 'seoul_error_334'],
    ['ERROR-335', 'RejectedInput', 'seoul_error_335'],
    ['ERROR-336', 'RejectedInput', 'seoul_error_336'],
    ['ERROR-500', 'TransientError', 'seoul_error_500'],
    ['ERROR-600', 'TransientError', 'seoul_error_600'],
    ['ERROR-601', 'TransientError', 'seoul_error_601'],
    ['ERROR-290', 'RejectedInput', 'seoul_unknown_code'],
  ])('%s is a %s with the reason %s, and the message names the code', (code, name, reason) => {
    const error = errorOf(() => parseSeoulPage(bodyOf({ RESULT: { CODE: code, MESSAGE: 'x' } }), null));
    expect(error).toMatchObject({ name, reason });
    expect(error.message).toContain(code);
  });

  test.each([
    ['HTML of a gateway', '<html>GET /5ecre7/json/bikeList/1/1000/ failed</html>', 'not_json'],
    ['text', 'no such path: /5ecre7/json', 'not_json'],
    ['a cut list', '{"rentBikeStatus":{"url":"/5ecre7/json"', 'not_json'],
    ['nothing', '', 'not_json'],
    ['another service', '{"realtimeList":[],"sessionId":"5ecre7"}', 'not_a_bike_list'],
    ['a code with the key in it', '{"CODE":"5ecre7"}', 'not_a_bike_list'],
    ['rows as an object', '{"rentBikeStatus":{"RESULT":{"CODE":"INFO-000"},"row":{"k":"5ecre7"}}}', 'not_a_bike_list'],
  ])('%s is rejected, and no message and no cause tells the key', (_, body, reason) => {
    const error = rejectionOf(() => parseSeoulPage(bodyOf(body), 'text/html'));
    expect(error.reason).toBe(reason);
    expect(inspect(error)).not.toContain('5ecre7'); // with its cause and stack
  });

  test('bytes that are no UTF-8 are rejected (the portal once spoke EUC-KR)', () => {
    expect(rejectionOf(() => parseSeoulPage(Buffer.from([0x7b, 0xb1, 0xe2, 0x7d]), null)).reason).toBe('not_utf8');
  });
});

describe('a snapshot', () => {
  test('rows of all pages become events; the same row on two pages counts once, a differing one not at all', () => {
    const pages = [
      pageOf(row('ST-4', '16'), row('ST-5', '1'), row('ST-6', '2')),
      pageOf(row('ST-5', '1', { shared: '0' }), row('ST-6', '3'), row('ST-7', 'x')),
      parseSeoulPage(bodyOf({ CODE: 'INFO-200' }), null),
    ];
    expect(outcome(parseSeoulStatus(pages, CONTEXT))).toEqual({
      fetched: 6,
      accepted: ['ST-4', 'ST-5'],
      rejected: [
        'pages[0].rentBikeStatus.row[2] conflicting_duplicate',
        'pages[1].rentBikeStatus.row[1] conflicting_duplicate',
        'pages[1].rentBikeStatus.row[2] not_a_count',
      ],
      repeated: 1,
    });
  });

  test('the exact bytes of a rejected row are kept', () => {
    const bad = '{"stationId":"ST-9",  "parkingBikeTotCnt" : "-3"}';
    const page = parseSeoulPage(
      bodyOf(`{"rentBikeStatus":{"row":[${JSON.stringify(row('ST-4', '1'))}, ${bad}]}}`),
      null,
    );
    expect(parseSeoulStatus([page], CONTEXT).rejects.map((reject) => reject.raw.toString())).toEqual([bad]);
  });

  test('one row gives a status and an information', () => {
    const pages = [pageOf(row('ST-4', '16'))];
    expect(parseSeoulStatus(pages, CONTEXT).events[0]?.values).toEqual({
      station_id: 'ST-4',
      num_bikes_available: 16,
      num_bikes_disabled: null,
      num_docks_available: null,
      num_docks_disabled: null,
      capacity: 15,
      is_installed: null,
      is_renting: null,
      is_returning: null,
      vehicle_types: null,
      last_reported_ms: null,
      flags: null,
    });
    expect(parseSeoulInformation(pages, CONTEXT).events[0]?.values).toEqual({
      station_id: 'ST-4',
      name: '102. A Street',
      lat: 37.555,
      lon: 126.91,
      capacity: 15,
      region_id: null,
      flags: null,
    });
  });

  test('coordinates of "0" are unknown', () => {
    const pages = [pageOf(row('ST-4', '16', { stationLatitude: '0', stationLongitude: '0.00000000' }))];
    expect(parseSeoulInformation(pages, CONTEXT).events[0]?.values).toMatchObject({
      lat: null,
      lon: null,
      flags: 'coordinates_unknown',
    });
  });

  test('shared is derived, so it is no change', () => {
    const hashOf = (shared: string) =>
      parseSeoulStatus([pageOf(row('ST-4', '16', { shared }))], CONTEXT).events[0]?.content_hash;
    expect(hashOf('0')).toBe(hashOf('107'));
  });

  test('no rows at all is a failed snapshot', () => {
    const pages = [parseSeoulPage(bodyOf({ CODE: 'INFO-200' }), null)];
    expect(rejectionOf(() => parseSeoulStatus(pages, CONTEXT)).reason).toBe('empty_station_list');
  });
});

describe.skipIf(!hasSharedData)('captures', () => {
  test.each([
    ['bikeList_1-5_ttaraga-dto', 5, 40],
    ['bikeList_1-5_2020-08-21_swift-dto', 5, 17],
    ['bikeList_1-5_lastmile-java', 5, 38],
    ['bikeList_rows-from-1-1000_react-app', 5, 102],
    ['bikeList_1-500_first5_googlemaps-js', 5, 45],
    ['bikeList_sample-key_first-row_2026-09-14', 1, 6],
  ])('%s: %i rows with %i bikes', (file, rows, bikes) => {
    const page = parseSeoulPage(readShared(`seoul/${file}.json`), 'application/json;charset=UTF-8');
    expect(page.end).toBe(false);
    const status = parseSeoulStatus([page], CONTEXT);
    expect(status).toMatchObject({ fetched: rows, rejects: [], repeated: 0 });
    const counts = status.events.map(({ values }) =>
      Number('num_bikes_available' in values && values.num_bikes_available),
    );
    expect(counts).toHaveLength(rows);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(bikes);
    const information = parseSeoulInformation([page], CONTEXT);
    expect(
      information.events.every(({ values }) => 'lat' in values && values.lat !== null && values.flags === null),
    ).toBe(true);
  });

  test('the name keeps its number and its parentheses', () => {
    const page = parseSeoulPage(readShared('seoul/bikeList_1-5_lastmile-java.json'), null);
    expect(parseSeoulInformation([page], CONTEXT).events[0]?.values).toMatchObject({
      station_id: 'ST-3',
      name: '101. (구)합정동 주민센터',
    });
  });

  test.each(['past-end_INFO-200_toplevel.json', 'error_INFO-200_RESULT-wrapper.json'])('%s is the end', (file) => {
    expect(parseSeoulPage(readShared(`seoul/${file}`), null)).toMatchObject({ rows: [], end: true });
  });

  test('an invalid key is fatal, although the answer is XML with HTTP 200', () => {
    const body = readShared('seoul/error_INFO-100_invalid-key_json-path.xml');
    expect(errorOf(() => parseSeoulPage(body, 'application/xml;charset=UTF-8'))).toMatchObject({
      name: 'FatalError',
      reason: 'invalid_key',
    });
  });

  test.each(['bikeseoul-com_realtimeList_breath103.json', 'station_master_2024_rst0070_stops.csv'])(
    '%s is no page',
    (file) => {
      expect(rejectionOf(() => parseSeoulPage(readShared(`seoul/${file}`), null)).reason).toMatch(
        /^not_(a_bike_list|json)$/,
      );
    },
  );
});
