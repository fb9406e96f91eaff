/** What holds for any input: a feed can send what it likes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FatalError, RejectedInput, TransientError } from '../../../lib/errors.ts';
import { parseDiscovery } from '../../../lib/poll/parse/discovery.ts';
import { parseStationInformation, parseStationStatus } from '../../../lib/poll/parse/document.ts';
import type { ParsedDocument } from '../../../lib/poll/parse/records.ts';
import { parseSeoulInformation, parseSeoulPage, parseSeoulStatus } from '../../../lib/poll/parse/seoul.ts';
import { parseSystemInformation } from '../../../lib/poll/parse/system-information.ts';
import { bodyOf, CONTEXT } from './documents.ts';

const PARSERS: ReadonlyArray<(body: Buffer) => unknown> = [
  (body) => parseStationStatus(body, CONTEXT),
  (body) => parseStationInformation(body, CONTEXT),
  (body) => parseDiscovery(body, 'https://bikes.test/gbfs.json?key=k'),
  parseSystemInformation,
  (body) => parseSeoulStatus([parseSeoulPage(body, null)], CONTEXT),
];

const isNamed = (error: unknown): boolean =>
  (error instanceof RejectedInput || error instanceof TransientError || error instanceof FatalError) &&
  /^[a-z0-9_]+$/.test(error.reason);

function expectNamed(body: Buffer): void {
  for (const parse of PARSERS) {
    try {
      parse(body);
    } catch (error) {
      if (!isNamed(error)) throw error;
    }
  }
}

const anything = fc.jsonValue({ maxDepth: 4 });
const odd = fc.oneof(
  anything,
  fc.integer(),
  fc.double(),
  fc.constantFrom('', '0', '-1', 'true', '2026-11-21T01:00:00Z', '2026-11-21 01:00:00', 1e20, -0, 999_999),
);
const names = (...list: string[]) => fc.constantFrom(...list);
const gbfsRecord = fc
  .dictionary(
    names(
      'num_bikes_available',
      'num_vehicles_available',
      'num_docks_available',
      'is_installed',
      'is_renting',
      'last_reported',
      'vehicle_types_available',
      'num_bikes_available_types',
      'name',
      'lat',
      'lon',
      'capacity',
      'region_id',
      '__proto__',
    ),
    odd,
  )
  .chain((fields) => fc.oneof(names('1', '2', '3'), odd).map((station_id) => ({ ...fields, station_id })));
const seoulRow = fc
  .dictionary(names('rackTotCnt', 'parkingBikeTotCnt', 'stationName', 'stationLatitude', 'stationLongitude'), odd)
  .chain((fields) => fc.oneof(names('ST-1', 'ST-2'), odd).map((stationId) => ({ ...fields, stationId })));

function expectBalanced(document: ParsedDocument, records: number): void {
  expect(document.fetched).toBe(records);
  expect(document.events.length + document.rejects.length + document.repeated).toBe(records);
  const ids = document.events.map(({ values }) => values.station_id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { content_hash } of document.events) expect(content_hash).toMatch(/^[0-9a-f]{16}$/);
}

describe('no input ends in an error without a name', () => {
  test('any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => expectNamed(Buffer.from(bytes))));
  });

  test('any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => expectNamed(bodyOf(text))));
  });

  test('any JSON, also in the places where stations, feeds and rows belong', () => {
    fc.assert(
      fc.property(anything, (value) => {
        expectNamed(bodyOf(JSON.stringify(value)));
        expectNamed(bodyOf({ data: value, RESULT: value }));
        expectNamed(
          bodyOf({ data: { stations: value, feeds: value, en: { feeds: value } }, rentBikeStatus: { row: value } }),
        );
      }),
    );
  });

  test('records that nest deeper than a stack', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const record = `{"station_id":"2","num_bikes_available":1,"x":${deep}}`;
    const body = bodyOf(`{"data":{"stations":[{"station_id":"1","num_bikes_available":1},${record}]}}`);
    const document = parseStationStatus(body, CONTEXT);
    expect(document.events.map(({ values }) => values.station_id)).toEqual(['1']);
    expect(document.rejects.map(({ reason }) => reason)).toEqual(['record_too_deep']);
    expect(document.rejects[0]?.raw.equals(Buffer.from(record))).toBe(true);
  });

  test('more stations than the world has', () => {
    const body = bodyOf({ data: { stations: Array(100_001).fill(0) } });
    expect(() => parseStationStatus(body, CONTEXT)).toThrow('the document lists 100001 stations, more than 100000');
  });

  test('a record of the size of a document', () => {
    const body = bodyOf({ data: { stations: [{ station_id: '1', num_bikes_available: 1, x: 'x'.repeat(40_000) }] } });
    expect(parseStationStatus(body, CONTEXT).rejects.map(({ reason }) => reason)).toEqual(['record_too_large']);
  });
});

describe('every record is accounted for', () => {
  test('GBFS: fetched = accepted + rejected + repeated', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(gbfsRecord, odd), { minLength: 1, maxLength: 12 }), (stations) => {
        const body = bodyOf({ data: { stations } });
        for (const parse of [parseStationStatus, parseStationInformation])
          expectBalanced(parse(body, CONTEXT), stations.length);
      }),
    );
  });

  test('Seoul: fetched = accepted + rejected + repeated', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.oneof(seoulRow, odd), { minLength: 1, maxLength: 6 }), { minLength: 1 }),
        (pages) => {
          const parsed = pages.map((row) => parseSeoulPage(bodyOf({ rentBikeStatus: { row } }), null));
          for (const parse of [parseSeoulStatus, parseSeoulInformation]) {
            expectBalanced(parse(parsed, CONTEXT), pages.flat().length);
          }
        },
      ),
    );
  });

  test('a rejected record is kept in its exact bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(gbfsRecord, odd), { minLength: 1, maxLength: 8 }), (stations) => {
        const document = parseStationStatus(bodyOf(JSON.stringify({ data: { stations } }, null, 2)), CONTEXT);
        for (const { place, raw } of document.rejects) {
          const index = Number(/^data\.stations\[(\d+)\]$/.exec(place)?.[1]);
          expect(JSON.parse(raw.toString())).toEqual(JSON.parse(JSON.stringify(stations))[index]);
        }
      }),
    );
  });
});

describe('the content hash', () => {
  const station = fc.record({
    station_id: names('a', 'b', 'é', '망'),
    num_bikes_available: fc.nat(50),
    num_docks_available: fc.nat(50),
    is_installed: fc.boolean(),
    is_renting: fc.boolean(),
    num_bikes_available_types: fc.dictionary(names('x', 'y', 'z'), fc.nat(9)),
  });
  const hashOf = (record: unknown, indent = 0) =>
    parseStationStatus(bodyOf(JSON.stringify({ data: { stations: [record] } }, null, indent)), CONTEXT).events[0]
      ?.content_hash;
  const reversed = (record: object) => Object.fromEntries(Object.entries(record).reverse());

  test('is the same for any order of fields and any white space', () => {
    fc.assert(
      fc.property(station, (record) => {
        const turned = { ...reversed(record), num_bikes_available_types: reversed(record.num_bikes_available_types) };
        expect(hashOf(turned, 3)).toBe(hashOf(record));
      }),
    );
  });

  test('differs where a value that means something differs, and only there', () => {
    fc.assert(
      fc.property(station, station, fc.nat(), (one, other, last_reported) => {
        const same = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
        expect(hashOf({ ...one, last_reported }) === hashOf({ ...other, ttl: 5 })).toBe(same);
      }),
    );
  });
});

const sorted = (record: { num_bikes_available_types: object }) => ({
  ...record,
  num_bikes_available_types: Object.entries(record.num_bikes_available_types).sort(([a], [b]) => (a < b ? -1 : 1)),
});
