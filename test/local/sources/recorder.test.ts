import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startCity } from '../../../local/sources/city/server.ts';
import { type Recorder, startRecorder } from '../../../local/sources/recorder.ts';
import { openRecording, recordingSystem } from '../../../local/sources/recording.ts';
import { fetchJson } from './fetch-json.ts';

const START_MS = Date.parse('2026-11-16T23:30:10Z');
let dir: string;
let upstream: Server;
let base_url: string;
let answers: Record<string, { status?: number; headers?: Record<string, string>; body: string }>;
let asked: { url: string | undefined; headers: IncomingHttpHeaders }[];
const recorders: Recorder[] = [];
const clock = { now_ms: START_MS, now: () => clock.now_ms };

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'recorder-'));
  clock.now_ms = START_MS;
  asked = [];
  upstream = createServer((request, response) => {
    asked.push({ url: request.url, headers: request.headers });
    const { status = 200, headers, body } = answers[request.url ?? ''] ?? { status: 404, body: '' };
    response.writeHead(status, headers ?? {}).end(body);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => upstream.once('listening', resolve));
  base_url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const feeds = ['station_information', 'station_status'].map((name) => ({ name, url: `${base_url}/feeds/${name}` }));
  answers = {
    '/gbfs.json': { body: JSON.stringify({ version: '2.3', ttl: 7, data: { fr: { feeds } } }) },
    '/feeds/station_information': { body: '{"information":true}' },
    '/feeds/station_status': { body: '{"status": 1.0}' },
  };
});
afterEach(async () => {
  for (const recorder of recorders.splice(0)) await recorder.close().catch(() => undefined);
  await new Promise((resolve) => {
    upstream.close(resolve);
    upstream.closeAllConnections();
  });
  rmSync(dir, { recursive: true });
});

async function started(name = 'city.ndjson', discovery = `${base_url}/gbfs.json`) {
  const file = join(dir, name);
  const recorder = await startRecorder({ upstream: discovery, file, clock });
  recorders.push(recorder);
  return { recorder, file };
}
const feedUrl = async (recorder: Recorder, name: string): Promise<string> => {
  const { data } = await fetchJson(recorder.url);
  return (
    Object.values<{ feeds: { name: string; url: string }[] }>(data)[0]?.feeds.find((f) => f.name === name)?.url ?? ''
  );
};
const linesOf = (file: string) => readFileSync(file, 'utf8').split('\n').slice(0, -1);

describe('a recorder', () => {
  test('stands in for the discovery document: the same, but every feed is here', async () => {
    const { recorder } = await started();
    const here = new URL(recorder.url).origin;
    expect(await (await fetch(recorder.url)).json()).toEqual({
      version: '2.3',
      ttl: 7,
      data: {
        fr: {
          feeds: [
            { name: 'station_information', url: `${here}/0/station_information.json` },
            { name: 'station_status', url: `${here}/1/station_status.json` },
          ],
        },
      },
    });
  });

  test('passes feeds through and writes a line for each station_status, in the exact bytes', async () => {
    const { recorder, file } = await started();
    expect(await (await fetch(await feedUrl(recorder, 'station_information'))).json()).toEqual({ information: true });
    const status = await feedUrl(recorder, 'station_status');
    expect(await (await fetch(status)).text()).toBe('{"status": 1.0}');
    clock.now_ms += 60_000;
    answers['/feeds/station_status'] = { body: '{\n  "status": 2,\r\n  "text": "a\\nb"\n}\n' };
    expect(await (await fetch(status)).text()).toBe('{\n  "status": 2,\r\n  "text": "a\\nb"\n}\n');
    expect(recorder.polls()).toBe(2);
    expect(linesOf(file)).toEqual([
      '{"fetched_at":"2026-11-16T23:30:10.000Z","body":{"status": 1.0}}',
      '{"fetched_at":"2026-11-16T23:31:10.000Z","body":{   "status": 2,    "text": "a\\nb" } }',
    ]);
  });

  test('never forwards validators, so that each poll has a body', async () => {
    answers['/feeds/station_status'] = {
      headers: { etag: '"1"', 'last-modified': 'Mon, 16 Nov 2026 23:30:00 GMT' },
      body: '{}',
    };
    const { recorder } = await started();
    const response = await fetch(await feedUrl(recorder, 'station_status'), {
      headers: { 'if-none-match': '"1"', 'if-modified-since': 'Mon, 16 Nov 2026 23:30:00 GMT' },
    });
    expect(asked.at(-1)?.headers).not.toHaveProperty('if-none-match');
    expect(asked.at(-1)?.headers).not.toHaveProperty('if-modified-since');
    expect([response.headers.get('etag'), response.headers.get('last-modified')]).toEqual([null, null]);
  });

  test('an answer that is no JSON is recorded as raw, whatever its status; the poller gets it as it came', async () => {
    answers['/feeds/station_status'] = { status: 503, headers: { 'retry-after': '9' }, body: '<p>"down"</p>\n' };
    const { recorder, file } = await started();
    const response = await fetch(await feedUrl(recorder, 'station_status'));
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([
      503,
      '9',
      '<p>"down"</p>\n',
    ]);
    expect(linesOf(file)).toEqual(['{"fetched_at":"2026-11-16T23:30:10.000Z","raw":"<p>\\"down\\"</p>\\n"}']);
  });

  test('times are strictly increasing, also where the clock stands still', async () => {
    const { recorder, file } = await started();
    const status = await feedUrl(recorder, 'station_status');
    for (let i = 0; i < 3; i++) await fetch(status);
    expect(linesOf(file).map((line) => JSON.parse(line).fetched_at)).toEqual([
      '2026-11-16T23:30:10.000Z',
      '2026-11-16T23:30:10.001Z',
      '2026-11-16T23:30:10.002Z',
    ]);
  });

  test('an upstream that can’t be reached is 502 that says so, and no line', async () => {
    const { recorder, file } = await started('away.ndjson', 'http://127.0.0.1:9/gbfs.json');
    const response = await fetch(recorder.url);
    expect([response.status, await response.text()]).toEqual([
      502,
      expect.stringMatching(/^http:\/\/127\.0\.0\.1:9\/gbfs\.json can't be fetched: /),
    ]);
    expect(linesOf(file)).toEqual([]);
  });

  test('what is no discovery document goes through unchanged', async () => {
    answers['/gbfs.json'] = { status: 410, body: 'gone' };
    const { recorder } = await started();
    const response = await fetch(recorder.url);
    expect([response.status, await response.text()]).toEqual([410, 'gone']);
    expect((await fetch(new URL('/1/station_status.json', recorder.url))).status).toBe(404);
  });

  test('never writes over a file, and says where it can’t write', async () => {
    writeFileSync(join(dir, 'there.ndjson'), 'mine');
    await expect(started('there.ndjson')).rejects.toThrow(/recording .*there\.ndjson: it exists already: name another/);
    expect(readFileSync(join(dir, 'there.ndjson'), 'utf8')).toBe('mine');
    await expect(started('absent/x.ndjson')).rejects.toThrow(/its folder does not exist/);
  });
});

describe('a round trip', () => {
  test.each(['city.ndjson', 'city.ndjson.gz', 'city.ndjson.zst'])(
    'a city recorded to %s is read back',
    async (name) => {
      const city = await startCity({ clock, seed: 1, stations: 12, seoul_stations: 1, faults: {} });
      const { recorder, file } = await started(name, `${city.url}/gbfs/2.3/gbfs.json`);
      const status = await feedUrl(recorder, 'station_status');
      const seen: string[] = [];
      for (let poll = 0; poll < 5; poll++) {
        seen.push(await (await fetch(status)).text());
        clock.now_ms += 60_000;
      }
      // Read while it is still open, as after a kill: what was answered is in the file.
      const read: string[] = [];
      const times_ms: number[] = [];
      for await (const { body, fetched_at_ms, is_raw } of openRecording(file)) {
        read.push(body.toString());
        times_ms.push(fetched_at_ms - START_MS);
        expect(is_raw).toBe(false);
      }
      expect(read).toEqual(seen);
      expect(times_ms).toEqual([0, 60_000, 120_000, 180_000, 240_000]);
      await recorder.close();
      expect(await recordingSystem(file)).toMatchObject({ system_id: 'city', interval_s: 60, stations: 12 });
      await city.close();
    },
  );
});
