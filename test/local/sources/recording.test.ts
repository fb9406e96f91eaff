import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { openRecording, recordingSystem } from '../../../local/sources/recording.ts';
import { hasSharedData, sharedData } from '../../shared.ts';

const dir = mkdtempSync(join(tmpdir(), 'recording-'));
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

/** Number formats, escapes, spaces, a repeated name and an umlaut: all of it must come out as it went in. */
const ODD_BODY = '{"a": 1.0, "a":2e0,"u":"\\u00e9 é }","n":{"body":[ ]} }';
const LINES = [
  `{"fetched_at":"2026-03-01T10:00:00Z","body":${ODD_BODY}}`,
  '{"fetched_at":"2026-03-01T10:01:00Z","raw":"404 Not \\"Found\\" é"}',
  '{"fetched_at":"2026-03-01T11:02:00.5+01:00","body":[]}',
].join('\n');
const POLLS = [
  [1, '2026-03-01T10:00:00.000Z', ODD_BODY, false],
  [2, '2026-03-01T10:01:00.000Z', '404 Not "Found" é', true],
  [3, '2026-03-01T10:02:00.500Z', '[]', false],
];

async function polls(path: string) {
  const read: (string | number | boolean)[][] = [];
  for await (const { line, fetched_at_ms, body, is_raw } of openRecording(path)) {
    read.push([line, new Date(fetched_at_ms).toISOString(), body.toString(), is_raw]);
  }
  return read;
}

describe('a recording', () => {
  test.each([
    ['plain', LINES],
    ['plain, with a newline at the end', `${LINES}\n`],
    ['gzip', gzipSync(LINES)],
    ['gzip in several members', Buffer.concat([gzipSync(LINES.slice(0, 50)), gzipSync(LINES.slice(50))])],
    ['zstd', zstdCompressSync(LINES)],
    [
      'zstd in several frames',
      Buffer.concat([zstdCompressSync(LINES.slice(0, 50)), zstdCompressSync(LINES.slice(50))]),
    ],
  ])('%s, whatever the name says: each poll with the exact bytes of its document', async (_kind, content) => {
    expect(await polls(file('any-name.txt', content))).toEqual(POLLS);
  });

  test('members in another order, with spaces, and lines with CRLF or without content', async () => {
    const lines = [
      '{ "body" : {"body": [1, 2 ]} , "fetched_at" : "2026-03-01T10:00:00Z" }\r',
      '',
      '{"fetched_at": "2026-03-01T10:01:00Z", "body": {"fetched_at":"x"}, "note": "\\" }"}',
      '{"note":{"body":0},"fetched_at":"2026-03-01T10:02:00Z","\\u0062ody":" spaced "}',
      '{"fetched_at":"2026-03-01T10:03:00Z","body":null}\r',
    ];
    expect(await polls(file('order.ndjson', lines.join('\n')))).toEqual([
      [1, '2026-03-01T10:00:00.000Z', '{"body": [1, 2 ]}', false],
      [3, '2026-03-01T10:01:00.000Z', '{"fetched_at":"x"}', false],
      [4, '2026-03-01T10:02:00.000Z', '" spaced "', false],
      [5, '2026-03-01T10:03:00.000Z', 'null', false],
    ]);
  });

  test('a line longer than what is read at once', async () => {
    const long = JSON.stringify({ text: 'x'.repeat(5_000_000) });
    const path = file('long.ndjson', `{"fetched_at":"2026-03-01T10:00:00Z","body":${long}}\n`);
    const [poll] = await polls(path);
    expect(poll?.[2]).toBe(long);
  });

  test('share() says how much of the file was read', async () => {
    const recording = openRecording(file('share.ndjson', LINES));
    expect(recording.share()).toBe(0);
    for await (const _ of recording);
    expect(recording.share()).toBe(1);
  });

  test('reading can stop anywhere', async () => {
    for await (const poll of openRecording(file('stop.ndjson.gz', gzipSync(LINES)))) {
      expect(poll.line).toBe(1);
      break;
    }
  });
});

describe('errors name the file, the line and the remedy', () => {
  const at = (minute: number, rest = '"body":{}') => `{"fetched_at":"2026-03-01T10:0${minute}:00Z",${rest}}`;

  test.each([
    ['not JSON', `${at(0)}\n{"fetched_at":"2026-03-01T10:01:00Z","body":{]}`, /line 2: it is not JSON: /],
    ['cut off', `${at(0)}\n${at(1).slice(0, -5)}`, /line 2: it is not JSON: /],
    ['a number', `${at(0)}\n7`, /line 2: it is JSON, but not an object/],
    ['no fetched_at', `${at(0)}\n{"body":{}}`, /line 2: it has no "fetched_at"/],
    ['no body', `{"fetched_at":"2026-03-01T10:00:00Z"}`, /line 1: it must have either "body" .* or "raw"/],
    ['both', at(0, '"raw":"x","body":{}'), /line 1: it must have either/],
    ['raw that is no string', at(0, '"raw":{}'), /line 1: it must have either/],
    [
      'the same time twice',
      `${at(1)}\n${at(1)}`,
      /line 2: "fetched_at" 2026-03-01T10:01:00.000Z is not after .* of line 1: sort/,
    ],
    ['back in time', `${at(1)}\n${at(2)}\n${at(0)}`, /line 3: .* of line 2/],
    [
      'a time without offset',
      '{"fetched_at":"2026-03-01T10:00:00","body":{}}',
      /line 1: "fetched_at" is "2026-03-01T10:00:00", .* offset/,
    ],
    [
      'a time that doesn’t exist',
      '{"fetched_at":"2026-13-01T10:00:00Z","body":{}}',
      /line 1: "fetched_at" is "2026-13-01T10:00:00Z"/,
    ],
    ['a time that is a number', '{"fetched_at":1772359200,"body":{}}', /line 1: "fetched_at" is 1772359200/],
    ['nothing', '', /it is empty/],
    ['only blank lines', '\n\n', /it is empty/],
    ['something else altogether', Buffer.from([0, 1, 2, 3, 255]), /line 1: it is not JSON/],
  ])('%s', async (_kind, content, message) => {
    const path = file('bad.ndjson', content);
    await expect(polls(path)).rejects.toMatchObject({
      name: 'FatalError',
      stage: 'local',
      message: expect.stringMatching(message),
    });
    await expect(polls(path)).rejects.toThrow(`recording ${path}: `);
  });

  const compressible = Array.from({ length: 5000 }, (_, i) => {
    const time = new Date(Date.parse('2026-03-01T00:00:00Z') + i * 60_000).toISOString();
    return `{"fetched_at":"${time}","body":{"n":${(i * 7919) % 10007}}}\n`;
  }).join('');

  test.each([
    ['gzip', gzipSync(compressible)],
    ['zstd', zstdCompressSync(compressible)],
  ])('%s that ends in the middle', async (_kind, whole) => {
    await expect(polls(file('cut', whole.subarray(0, whole.length - 10)))).rejects.toThrow(
      /the compressed file ends in the middle, after line \d+: .* Copy it again/,
    );
  });

  test('gzip with garbage inside', async () => {
    const whole = gzipSync(compressible);
    whole.fill(0xaa, 2000, 2050);
    await expect(polls(file('garbage', whole))).rejects.toThrow(/recording .*garbage: near line \d+: /);
  });

  test('no such file, and a folder', async () => {
    await expect(polls(join(dir, 'absent.ndjson'))).rejects.toThrow(/absent\.ndjson: there is no such file/);
    mkdirSync(join(dir, 'folder'));
    await expect(polls(join(dir, 'folder'))).rejects.toThrow(/folder: it is a folder/);
  });

  test('a line of more than 64 MB', async () => {
    const path = file('huge.ndjson.zst', zstdCompressSync(Buffer.alloc(65 * 1024 * 1024, 'x')));
    await expect(polls(path)).rejects.toThrow(/line 1 is longer than 67108864 bytes/);
  });
});

describe('recordingSystem', () => {
  const series = (times: readonly string[], bodies: readonly string[] = []) =>
    times.map((time, i) => `{"fetched_at":"2026-03-01T${time}Z","body":${bodies[i] ?? '{}'}}`).join('\n');

  test.each([
    ['docomo_2022-06-29.ndjson.gz', 'docomo'],
    ['boulder_2022-04.ndjson', 'boulder'],
    ['Bay Wheels-20230101.jsonl.zst', 'bay_wheels'],
    ['line2.ndjson', 'line2'],
    ['É.ndjson', 'recording'],
    ['2022-06-29.ndjson', '2022_06_29'],
  ])('the file %s holds the system %s', async (name, system_id) => {
    expect((await recordingSystem(file(name, series(['10:00:00'])))).system_id).toBe(system_id);
  });

  test('the interval is the median gap in whole minutes; stations are those of the first body that has any', async () => {
    const stations = '{"data":{"stations":[{},{},{}]}}';
    const path = file(
      'x_2026-03-01.ndjson',
      series(
        ['10:00:03', '10:05:01', '10:09:58', '11:00:00', '11:05:02'],
        ['{"data":{"stations":[]}}', '"text"', stations],
      ),
    );
    expect(await recordingSystem(path)).toEqual({
      system_id: 'x',
      interval_s: 300,
      time_zone: 'UTC',
      stations: 3,
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      first_fetched_at_ms: Date.parse('2026-03-01T10:00:03Z'),
    });
  });

  test('never less than a minute; a single poll is a minute too', async () => {
    expect((await recordingSystem(file('fast', series(['10:00:00', '10:00:05'])))).interval_s).toBe(60);
    expect((await recordingSystem(file('one', series(['10:00:00'])))).interval_s).toBe(60);
  });

  test('the fingerprint tells contents apart', async () => {
    const one = await recordingSystem(file('a.ndjson', series(['10:00:00'])));
    const same = await recordingSystem(file('b.ndjson', series(['10:00:00'])));
    const other = await recordingSystem(file('a.ndjson', series(['10:00:01'])));
    expect(same.fingerprint).toBe(one.fingerprint);
    expect(other.fingerprint).not.toBe(one.fingerprint);
  });
});

describe.skipIf(!hasSharedData)('the recordings at hand', () => {
  test.each([
    ['docomo_2022-06-29', 'docomo', 60, 1077, 1500],
    ['boulder_2022-04', 'boulder', 60, 44, 2765],
    ['wienmobil_2025-11', 'wienmobil', 600, 261, 1006],
  ])('%s is read whole, in at most 3 s of processor time', async (name, system_id, interval_s, stations, count) => {
    const path = sharedData(`series/${name}.ndjson.gz`);
    expect(await recordingSystem(path)).toMatchObject({ system_id, interval_s, stations });
    const begun = process.cpuUsage();
    let read = 0;
    for await (const _ of openRecording(path)) read++;
    expect(read).toBe(count);
    const { user, system } = process.cpuUsage(begun);
    expect(user + system).toBeLessThan(3_000_000);
  });
});
