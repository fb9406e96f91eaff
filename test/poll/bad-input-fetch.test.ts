/** The rows of the bad-input catalogue that are about fetching: 22, 25, 26, 28, 29, 30, 32. The others are in parse/bad-input.test.ts. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { zstdDecompressSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { httpGet } from '../../lib/poll/fetch/http.ts';
import { pollGroup } from '../../lib/poll/poll-group.ts';
import {
  discoveryOf,
  FakeWorld,
  gbfsSystem,
  informationOf,
  inputOf,
  MINUTE_MS,
  SLOT_MS,
  station,
  statusOf,
} from './fakes.ts';

const DISCOVERY = 'https://a.example/gbfs.json';
const STATUS = 'https://a.example/status.json';
const INFORMATION = 'https://a.example/information.json';
const a = gbfsSystem('a');
const poll = (world: FakeWorld, slot_ms = SLOT_MS, systems = [a]) =>
  pollGroup(inputOf(systems, slot_ms), world.ports());
const requests = (world: FakeWorld) =>
  world.actions.filter((action) => action.startsWith('get')).map((action) => action.slice(4));

function worldOf(sites: Parameters<FakeWorld['sites']['set']>[1][]): FakeWorld {
  const world = new FakeWorld();
  [DISCOVERY, STATUS, INFORMATION].forEach((url, n) => {
    const site = sites[n];
    if (site) world.sites.set(url, site);
  });
  return world;
}

const FEEDS = { body: discoveryOf({ station_status: STATUS }) };
const GOOD = { body: statusOf(station('1')) };

describe('what a feed does wrong on the way', () => {
  it('bad input 22: a text in place of the document fails the poll; its bytes lie in quarantine, and the next poll goes on', async () => {
    const world = worldOf([FEEDS, (_, count) => (count === 0 ? { body: '404 Not Found', type: 'text/plain' } : GOOD)]);
    expect(await poll(world)).toMatchObject([
      { status: 'failed', http_code: 200, reason: 'not_json', bytes: 13, fetched: 0, accepted: 0 },
    ]);
    expect(world.quarantined).toMatchObject([{ feed: 'station_status', reason: 'not_json', place: 'document' }]);
    expect(zstdDecompressSync(Buffer.from(String(world.quarantined[0]?.raw), 'base64')).toString()).toBe(
      '404 Not Found',
    );
    expect(await poll(world, SLOT_MS + MINUTE_MS)).toMatchObject([{ status: 'ok', accepted: 1 }]);
  });

  it('bad input 25: a discovery document that was incomplete for a time is read again within the hour', async () => {
    const incomplete = { body: discoveryOf({ station_status: STATUS }) };
    const complete = { body: discoveryOf({ station_status: STATUS, station_information: INFORMATION }) };
    const world = worldOf([(_, count) => (count === 0 ? incomplete : complete), GOOD, { body: informationOf('1') }]);
    const feedsAt = async (minutes: number) =>
      (await poll(world, SLOT_MS + minutes * MINUTE_MS)).map((r) => `${r.feed} ${r.status}`);
    expect(await feedsAt(0)).toEqual(['station_status ok']);
    expect(await feedsAt(59)).toEqual(['station_status ok']);
    expect(await feedsAt(60)).toEqual(['station_status ok', 'station_information ok']);
  });

  it('bad input 25: one that becomes unusable leaves what was known, and is tried again after ten minutes', async () => {
    const world = worldOf([(_, count) => (count === 1 ? { body: '<html>' } : FEEDS), GOOD]);
    await poll(world);
    expect(await poll(world, SLOT_MS + 60 * MINUTE_MS)).toMatchObject([{ status: 'ok', accepted: 1 }]);
    expect(world.quarantined).toMatchObject([{ feed: 'gbfs', reason: 'discovery_not_json' }]);
    world.actions.length = 0;
    await poll(world, SLOT_MS + 61 * MINUTE_MS);
    await poll(world, SLOT_MS + 70 * MINUTE_MS);
    expect(requests(world)).toEqual([STATUS, DISCOVERY, STATUS]);
  });

  it('bad input 26: a listed feed that answers 404 fails alone', async () => {
    const feeds = { body: discoveryOf({ station_status: STATUS, station_information: INFORMATION }) };
    const world = worldOf([feeds, GOOD, { status: 404 }]);
    expect(await poll(world)).toMatchObject([
      { feed: 'station_status', status: 'ok', accepted: 1 },
      { feed: 'station_information', status: 'failed', http_code: 404, reason: 'http_404' },
    ]);
    world.actions.length = 0;
    await poll(world, SLOT_MS + MINUTE_MS);
    expect(requests(world)).toEqual([STATUS]); // not again each minute
  });

  it('bad input 28: 429 waits as long as Retry-After says, and discovery is not fetched for it', async () => {
    const started: number[] = [];
    const world = worldOf([
      FEEDS,
      (_, count) => {
        started.push(world.timer.now_ms());
        return count < 2 ? { status: 429, after_ms: 3_000 } : GOOD;
      },
    ]);
    expect(await poll(world)).toMatchObject([{ status: 'ok', accepted: 1 }]);
    expect(requests(world)).toEqual([DISCOVERY, STATUS, STATUS, STATUS]);
    const gaps = started.slice(1).map((at_ms, n) => at_ms - (started[n] ?? 0));
    expect(gaps).toEqual([3_270, 3_520]); // Retry-After, half of 500 and 1,000 ms of jitter, and 20 ms of the answer
  });

  it('bad input 28: a Retry-After beyond the time of the poll is a failed poll at once', async () => {
    const world = worldOf([FEEDS, { status: 429, after_ms: 600_000 }]);
    expect(await poll(world)).toMatchObject([{ status: 'failed', http_code: 429, reason: 'http_429' }]);
    expect(requests(world)).toEqual([DISCOVERY, STATUS]);
  });

  it('bad input 29: a dead feed opens its breaker after five polls, for 5, 10, 20, 40 and then 60 minutes; a probe that succeeds closes it', async () => {
    let isDead = true;
    const world = worldOf([FEEDS, () => (isDead ? { status: 403 } : GOOD)]);
    const asked: number[] = [];
    for (let minute = 0; minute <= 200; minute++) {
      const [receipt] = await poll(world, SLOT_MS + minute * MINUTE_MS);
      if (receipt?.status === 'failed') asked.push(minute);
      else expect(receipt).toMatchObject({ status: 'breaker_open', reason: 'http_403', http_code: null });
    }
    expect(asked).toEqual([0, 1, 2, 3, 4, 9, 19, 39, 79, 139, 199]);
    isDead = false;
    expect(await poll(world, SLOT_MS + 259 * MINUTE_MS)).toMatchObject([{ status: 'ok', accepted: 1 }]);
    expect(await poll(world, SLOT_MS + 260 * MINUTE_MS)).toMatchObject([{ status: 'ok', accepted: 1 }]);
  });

  it('bad input 29: an aggregator that lists no station any more fails each poll, and no station vanishes', async () => {
    const world = worldOf([FEEDS, { body: statusOf() }]);
    for (let minute = 0; minute < 7; minute++) {
      expect(await poll(world, SLOT_MS + minute * MINUTE_MS)).toMatchObject([
        { status: 'failed', reason: 'empty_station_list', accepted: 0 },
      ]);
    }
    expect(world.actions.filter((action) => action.includes('/status/'))).toEqual([]);
  });

  it('bad input 30: a feed that has moved for good is asked at its new place', async () => {
    const moved_to = 'https://new.example/status.json';
    const world = worldOf([FEEDS, { ...GOOD, moved_to }]);
    world.sites.set(moved_to, GOOD);
    await poll(world);
    world.actions.length = 0;
    expect(await poll(world, SLOT_MS + MINUTE_MS)).toMatchObject([{ status: 'ok', accepted: 1 }]);
    expect(requests(world)).toEqual([moved_to]);
  });

  it('bad input 30: a feed that is gone is looked for at once in the discovery document', async () => {
    const moved = 'https://a.example/v2/status.json';
    const world = worldOf([
      (_, count) => (count === 0 ? FEEDS : { body: discoveryOf({ station_status: moved }) }),
      (_, count) => (count === 0 ? GOOD : { status: 410 }),
    ]);
    world.sites.set(moved, GOOD);
    await poll(world);
    world.actions.length = 0;
    expect(await poll(world, SLOT_MS + MINUTE_MS)).toMatchObject([{ status: 'ok', accepted: 1 }]);
    expect(requests(world)).toEqual([STATUS, DISCOVERY, moved]);
  });
});

describe('a body that is too much', () => {
  let server: Server;
  afterEach(() => void server.close());

  it('bad input 32: a body beyond the bound is refused as it comes; one of 7 MB, more than a Lambda payload, is not', async () => {
    const big = Buffer.from(JSON.stringify({ data: { stations: [{ padding: 'x'.repeat(7_000_000) }] } }));
    server = createServer((request, response) => {
      if (request.url === '/big') return void response.end(big);
      const send = () => {
        while (response.write(big));
        response.once('drain', send);
      };
      send(); // for ever
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const get = httpGet({ user_agent: 'test', allowed_hosts: [host] });
    expect((await get({ url: `http://${host}/big`, timeout_ms: 10_000 })).body.length).toBe(7_000_038);
    await expect(get({ url: `http://${host}/endless`, timeout_ms: 10_000 })).rejects.toMatchObject({
      reason: 'body_too_large',
      again: false,
    });
  });

  it('bad input 32: large documents travel as chunks of at most 400 KB before compression', async () => {
    server = createServer();
    const system = gbfsSystem('a', ['lane-001', 'lane-001', 'lane-002', 'lane-002']);
    const stations = Array.from({ length: 2_000 }, (_, n) => ({ ...station(`s${n}`), note: 'y'.repeat(300) }));
    const world = worldOf([FEEDS, { body: statusOf(...stations) }]);
    expect(await poll(world, SLOT_MS, [system])).toMatchObject([{ status: 'ok', accepted: 2_000 }]);
    expect(world.chunks).toHaveLength(5); // four parts and the receipt
    expect(world.chunks.map(({ bytes }) => zstdDecompressSync(bytes).length).every((length) => length < 400_000)).toBe(
      true,
    );
  });
});
