/** Bad input that people thought of, at every parser that it may reach. What single fields do wrong is in test/poll/parse/bad-input.test.ts. */
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { toRows } from '../../lib/bronze/unpack.ts';
import type { StationStatus } from '../../lib/event.ts';
import { entriesByLane } from '../../lib/poll/entries.ts';
import type { FeedPoll } from '../../lib/poll/feed-poll.ts';
import { BODY_LIMITS, decodeBody } from '../../lib/poll/fetch/body.ts';
import { parseDiscovery } from '../../lib/poll/parse/discovery.ts';
import { parseStationInformation, parseStationStatus } from '../../lib/poll/parse/document.ts';
import { parseSeoulPage, parseSeoulStatus } from '../../lib/poll/parse/seoul.ts';
import { parseSystemInformation } from '../../lib/poll/parse/system-information.ts';
import { pollGroup } from '../../lib/poll/poll-group.ts';
import { decodeCheckpoint } from '../../lib/silver/checkpoint.ts';
import { foldNewestFolder } from '../../lib/silver/log.ts';
import { processBatch } from '../../lib/silver/process-batch.ts';
import { decodeChunk, encodeChunk, packChunks } from '../../lib/stream/chunk.ts';
import { toLaneRecord } from '../../lib/stream/record.ts';
import { parseRecordedPoll } from '../../local/sources/recorded-poll.ts';
import {
  statusOf as bodyWith,
  discoveryOf,
  FakeWorld,
  gbfsSystem,
  inputOf,
  SLOT_MS,
  station as stationOf,
} from '../poll/fakes.ts';
import { bodyOf, CONTEXT, NOW_MS, outcome, rejectionOf, station, statusOf } from '../poll/parse/documents.ts';
import { MemoryCheckpoints, MemoryLog } from '../silver/memory-log.ts';
import { bounded } from './bounds.ts';

const MIB = 1024 * 1024;
const ports = () => ({
  log: new MemoryLog(),
  checkpoints: new MemoryCheckpoints(),
  memory: new Map(),
  checkpoint_every: 1,
  pause: async () => undefined,
  warn: () => undefined,
});

describe('what unpacks to more than there is room for', () => {
  test.each([
    ['gzip', gzipSync(Buffer.alloc(33 * MIB))],
    ['br', brotliCompressSync(Buffer.alloc(33 * MIB), { params: { 1: 1 } })],
  ])('a body in %s is refused at its limit', async (encoding, body) => {
    expect(body.length).toBeLessThan(MIB);
    await expect(decodeBody(body, encoding, { ...BODY_LIMITS, decoded_bytes: 32 * MIB })).rejects.toMatchObject({
      reason: 'body_too_large',
    });
  });

  test('a body in zstd was not asked for', async () => {
    const body = zstdCompressSync(Buffer.alloc(MIB));
    await expect(decodeBody(body, 'zstd', BODY_LIMITS)).rejects.toMatchObject({ reason: 'unknown_encoding' });
  });

  test('a chunk is no chunk, a checkpoint none', () => {
    const bomb = zstdCompressSync(Buffer.alloc(65 * MIB, ' '));
    expect(bomb.length).toBeLessThan(100_000);
    expect(rejectionOf(() => decodeChunk(bomb)).reason).toBe('not_a_chunk');
    expect(decodeCheckpoint(bomb)).toBeNull();
  });
});

describe('what nests 100,000 levels deep', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const objects = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;

  test.each<[string, (text: string) => unknown]>([
    [
      'station_status',
      (x) =>
        parseStationStatus(bodyOf(`{"data":{"stations":[{"station_id":${x}}, ${x}]}, "last_updated":${x}}`), CONTEXT),
    ],
    [
      'station_information',
      (x) => parseStationInformation(bodyOf(`{"data":{"stations":[{"station_id":"1","name":${x}}]}}`), CONTEXT),
    ],
    [
      'discovery',
      (x) =>
        parseDiscovery(
          bodyOf(`{"data":{"en":{"feeds":[{"name":"station_status","url":${x}}]},"x":${x}}}`),
          'https://a.test/',
        ),
    ],
    ['system_information', (x) => parseSystemInformation(bodyOf(`{"data":{"name":${x},"languages":${x}}}`))],
    [
      'Seoul',
      (x) =>
        parseSeoulStatus(
          [
            parseSeoulPage(
              bodyOf(`{"rentBikeStatus":{"row":[{"stationId":${x}},{"stationId":"1","rackTotCnt":${x}}]}}`),
              null,
            ),
          ],
          CONTEXT,
        ),
    ],
    ['a chunk', (x) => decodeChunk(zstdCompressSync(`{"format":1,"lane":"a","slot_ms":1,"entries":[${x}]}\n`))],
    ['a recording', (x) => parseRecordedPoll(1, Buffer.from(`{"body":${x},"fetched_at":"2026-01-01T00:00:00Z"}`))],
  ])('%s is read or rejected', (_, parse) => {
    bounded(() => parse(deep));
    bounded(() => parse(objects));
  });
});

describe('what is very large', () => {
  test('a million stations fail the document, a hundred thousand are all read', () => {
    const many = (n: number, record: (i: number) => string) =>
      bodyOf(`{"data":{"stations":[${Array.from({ length: n }, (_, i) => record(i)).join()}]}}`);
    const million = many(1_000_000, () => '{}');
    expect(rejectionOf(() => parseStationStatus(million, CONTEXT)).reason).toBe('too_many_stations');
    const most = many(100_000, (i) => `{"station_id":${i},"num_bikes_available":1}`);
    expect(parseStationStatus(most, CONTEXT).events).toHaveLength(100_000);
  });

  test.each(['{}', '[]', '0'])('8 MB of %s are refused before they are values', (value) => {
    const length = Math.floor((8 * MIB) / (value.length + 1)) * (value.length + 1);
    const list = Buffer.alloc(length, `${value},`);
    for (const [head, parse] of [
      ['{"data":{"stations":[', (body: Buffer) => parseStationStatus(body, CONTEXT)],
      ['{"rentBikeStatus":{"row":[', (body: Buffer) => parseSeoulPage(body, null)],
    ] as const) {
      const body = Buffer.concat([Buffer.from(head), list, Buffer.from(`${value}]}}`)]);
      expect(rejectionOf(() => parse(body)).reason).toBe('too_many_values');
    }
  });

  test('a line of a recording with a text of 32 MB, in any order of its members', () => {
    const text = 'x'.repeat(32 * MIB);
    const poll = parseRecordedPoll(1, Buffer.from(`{"body":"${text}","fetched_at":"2026-01-01T00:00:00Z"}`));
    expect(poll.body.length).toBe(32 * MIB + 2);
  });

  test.runIf(process.env.FUZZ_MINUTES !== undefined)('a body of 200 MB is read', () => {
    const body = Buffer.concat([
      Buffer.from('{"data":{"stations":[{"station_id":"1","num_bikes_available":1,"x":"'),
      Buffer.alloc(200 * MIB, 'x'),
      Buffer.from('"}]}}'),
    ]);
    expect(parseStationStatus(body, CONTEXT).rejects.map(({ reason }) => reason)).toEqual(['record_too_large']);
  });
});

describe('ids', () => {
  const FIT = [
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'toString',
    '../../etc',
    '/',
    '\\',
    '..',
    '.',
    'lane=b',
    'log/lane=b/event_date=2026-01-01/000000000001.parquet',
    '%2e%2e%2f',
    'a"b',
    "a'b",
    '{"i":"x"}',
    '","h":"',
    '\\"',
    '🚲',
    '\u00e9',
    'e\u0301',
    'a\u2028b',
    ' a',
    'null',
    '0',
    '-0',
    '1e3',
    'x'.repeat(200),
  ];
  const UNFIT = ['a\u0000b', '\ud800', 'a\udc00', '\n', 'x'.repeat(10_240), ''];

  test('are taken as they are or rejected, and none is lost', () => {
    const ids = [...FIT, ...UNFIT];
    const body = bodyOf(
      `{"data":{"stations":[${ids.map((id) => JSON.stringify({ station_id: id, num_bikes_available: 1 })).join()}]}}`,
    );
    const document = parseStationStatus(body, CONTEXT);
    expect(document.events.map(({ values }) => values.station_id)).toEqual(FIT);
    expect(document.rejects).toHaveLength(UNFIT.length);
  });

  test('go the whole way and reach no name of an object', async () => {
    const document = statusOf(...FIT.map((station_id) => station({ station_id })));
    const poll = { system_id: 'city', feed: 'station_status', document, fetched_at_ms: NOW_MS } as unknown as FeedPoll;
    const system = { ...gbfsSystem('city'), lanes: ['lane-000', 'lane-001'] };
    const entries = entriesByLane([poll], new Map([['city', system]]));
    const chunks = [...entries].flatMap(([lane, own]) => packChunks(lane, NOW_MS, own));

    const rows = chunks.flatMap((chunk) =>
      toRows({ record_id: 'r', body: chunk.toString('base64'), shard_id: 's', sequence_number: '1', arrived_at_ms: 1 })
        .trimEnd()
        .split('\n'),
    );
    expect(rows.map((row) => (JSON.parse(row) as { i: string }).i).sort()).toEqual([...FIT].sort());

    const silver = ports();
    const records = chunks
      .map((chunk, n) => toLaneRecord(chunk, 'shardId-000000000000', String(n + 1)))
      .filter((r) => r !== null);
    expect(await processBatch(records, silver)).toBeNull();
    for (const key of silver.log.objects.keys())
      expect(key).toMatch(/^log\/lane=lane-00[01]\/event_date=(1970-01-01|2026-11-21)\/\d{12}\.parquet$/);
    const states = await Promise.all(['lane-000', 'lane-001'].map((lane) => foldNewestFolder(silver.log, lane)));
    const stations = states.flatMap((state) => [...(state.stations.get('city/status')?.values() ?? [])]);
    expect(stations.map((row) => row.station_id).sort()).toEqual([...FIT].sort());
  });

  test.each(['__proto__', 'constructor', 'hasOwnProperty'])('a system may be called %s', async (system_id) => {
    const world = new FakeWorld();
    world.sites.set('https://a.example/gbfs.json', { body: discoveryOf({ station_status: 'https://a.example/s' }) });
    world.sites.set('https://a.example/s', { body: bodyWith(stationOf('1')), etag: '"e"' });
    const input = inputOf([{ ...gbfsSystem('a'), system_id }], SLOT_MS);
    expect(await pollGroup(input, world.ports())).toMatchObject([{ system_id, status: 'ok', accepted: 1 }]);
    expect(Object.keys(JSON.parse(JSON.stringify(world.state)) as object)).toEqual([system_id]);
    const again = inputOf([{ ...gbfsSystem('a'), system_id }], SLOT_MS + 60_000);
    await pollGroup(again, world.ports());
    expect(world.actions).toContain('get https://a.example/s if not "e"');
  });
});

describe('values', () => {
  test.each([
    ['"7"', 7],
    ['" 7 "', 7],
    ['-0', 0],
    ['"-0"', 0],
    ['7.0', 7],
    ['7e0', 7],
    ['null', null],
    ['""', null],
    ['1e400', 'count_out_of_range'],
    ['-1e400', 'negative_count'],
    ['"1e400"', 'not_a_count'],
    ['"NaN"', 'not_a_count'],
    ['"Infinity"', 'not_a_count'],
    ['7.5', 'not_a_count'],
    ['true', 'not_a_count'],
    ['[7]', 'not_a_count'],
    ['"0x10"', 'not_a_count'],
    ['2147483648', 'count_out_of_range'],
    ['99999999999999999999', 'count_out_of_range'],
    ['"-1"', 'negative_count'],
  ])('a count of %s is %s', (written, expected) => {
    const document = parseStationStatus(
      bodyOf(`{"data":{"stations":[{"station_id":"1","num_docks_available":1,"num_bikes_available":${written}}]}}`),
      CONTEXT,
    );
    const { events, rejects } = document;
    const values = events[0]?.values as StationStatus | undefined;
    const found = rejects[0]?.reason ?? values?.num_bikes_available;
    expect(Object.is(found, expected), `${String(found)}`).toBe(true);
  });

  test('of a repeated key the last one counts, and a rejected record keeps both', () => {
    const good = '{"station_id":"1","num_bikes_available":1,"num_bikes_available":2}';
    const bad = '{"station_id":"2","num_bikes_available":1,"num_bikes_available":-2}';
    const document = parseStationStatus(
      bodyOf(`{"data":{"stations":[0]},"data":{"stations":[9],"stations":[${good},${bad}]}}`),
      CONTEXT,
    );
    expect(outcome(document)).toEqual({
      fetched: 2,
      accepted: ['1'],
      rejected: ['data.stations[1] negative_count'],
      repeated: 0,
    });
    expect(document.events[0]?.values).toMatchObject({ num_bikes_available: 2 });
    expect(document.rejects[0]?.raw.toString()).toBe(bad);
  });

  test('a byte order mark and mixed line ends mean nothing; UTF-16 is no document', () => {
    const text = '\uFEFF\r\n{"data":\r{"stations":\n[\r\n{"station_id":"1",\t"num_bikes_available":1}]}}\r\n';
    expect(outcome(parseStationStatus(bodyOf(text), CONTEXT)).accepted).toEqual(['1']);
    const utf16 = Buffer.from(text, 'utf16le');
    expect(rejectionOf(() => parseStationStatus(utf16, CONTEXT)).reason).toMatch(/^not_(utf8|json)$/);
  });
});

test('a line that is no JSON behind a good beginning leaves its records undone, and the other lanes go on', async () => {
  const chunk = (lane: string, slot_ms: number, line: string) =>
    encodeChunk(lane, slot_ms, [
      {
        kind: 'status',
        system_id: 'city',
        part: 0,
        parts: 1,
        fetched_at_ms: NOW_MS,
        feed_updated_ms: null,
        lines: [line],
      },
    ]);
  const good = '{"i":"a","h":"0123456789abcdef","r":"{}"}';
  const chunks = [
    chunk('lane-0', NOW_MS, good),
    chunk('lane-0', NOW_MS + 60_000, '{"i":"a","h":"00000000000000ff","r":'),
    chunk('lane-1', NOW_MS, good),
  ];
  const records = chunks.map((bytes, n) => toLaneRecord(bytes, 'shardId-000000000000', String(n + 1)));
  const silver = ports();
  expect(
    await processBatch(
      records.filter((r) => r !== null),
      silver,
    ),
  ).toBe('1');
  expect((await foldNewestFolder(silver.log, 'lane-1')).positions.get('shardId-000000000000')).toBe('3');
});
