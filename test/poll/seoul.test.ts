import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FetchFailure } from '../../lib/poll/fetch/failure.ts';
import { pollGroup } from '../../lib/poll/poll-group.ts';
import { type FakeSite, FakeWorld, gbfsSystem, inputOf, MINUTE_MS, SLOT_MS, seoulSystem } from './fakes.ts';

const KEY = 'secretkey0123';
const BASE = `http://seoul.example:8088/${KEY}/json/bikeList`;
const pageUrl = (page: number) => `${BASE}/${(page - 1) * 1_000 + 1}/${page * 1_000}/`;
const row = (n: number) => ({
  rackTotCnt: '15',
  stationName: `${n}. a place`,
  parkingBikeTotCnt: '16',
  shared: '107',
  stationLatitude: '37.5',
  stationLongitude: '127.0',
  stationId: `ST-${n}`,
});
const rows = (first: number, count: number) => Array.from({ length: count }, (_, n) => row(first + n));
/** As the service answers: the total is the number of rows of this page. */
const pageOf = (page: unknown[]) => ({
  rentBikeStatus: { list_total_count: page.length, RESULT: { CODE: 'INFO-000', MESSAGE: 'OK' }, row: page },
});
const PAST_THE_END = { CODE: 'INFO-200', MESSAGE: 'none' };
const WRONG_KEY = '<RESULT><CODE>INFO-100</CODE><MESSAGE><![CDATA[the key]]></MESSAGE></RESULT>';

function worldOf(pages: readonly FakeSite[]): FakeWorld {
  const world = new FakeWorld();
  for (let page = 1; page <= 12; page++) world.sites.set(pageUrl(page), pages[page - 1] ?? { body: PAST_THE_END });
  return world;
}

const poll = (world: FakeWorld, slot_ms = SLOT_MS) => pollGroup(inputOf([seoulSystem], slot_ms), world.ports());
const requests = (world: FakeWorld) =>
  world.actions.filter((action) => action.startsWith('get')).map((action) => action.slice(4));

describe('a poll of Seoul', () => {
  it('reads four pages at once until one is empty, whatever the total says: status and information from the same rows', async () => {
    const world = worldOf([
      { body: pageOf(rows(1, 1_000)) },
      { body: pageOf(rows(1_001, 1_000)) },
      { body: pageOf(rows(2_001, 736)) },
    ]);
    expect(await poll(world)).toMatchObject([
      { feed: 'station_status', status: 'ok', http_code: 200, fetched: 2_736, accepted: 2_736, feed_updated_ms: null },
      { feed: 'station_information', status: 'ok', fetched: 2_736, accepted: 2_736 },
    ]);
    expect(requests(world)).toEqual([pageUrl(1), pageUrl(2), pageUrl(3), pageUrl(4)]);
    expect(world.actions.at(-3)).toMatch(/^put lane-009\[/);
    expect(world.actions.slice(-2)).toEqual([
      'put receipts-g1[seoul/receipt/0:1 seoul/receipt/0:1]',
      'write the state',
    ]);
    expect(await poll(world, SLOT_MS + MINUTE_MS)).toMatchObject([{ feed: 'station_status', status: 'ok' }]);
  });

  it('goes on after four full pages, and a last page that is exactly full is followed by an empty one', async () => {
    const world = worldOf([1, 1_001, 2_001, 3_001].map((first) => ({ body: pageOf(rows(first, 1_000)) })));
    expect(await poll(world)).toMatchObject([{ fetched: 4_000, accepted: 4_000 }, { fetched: 4_000 }]);
    expect(requests(world)).toHaveLength(8);
  });

  it('stops at ten pages, and says so', async () => {
    const world = worldOf(Array.from({ length: 12 }, (_, n) => ({ body: pageOf([row(n)]) })));
    expect(await poll(world)).toMatchObject([
      { status: 'ok', fetched: 10 },
      { status: 'ok', fetched: 10 },
    ]);
    expect(requests(world)).toHaveLength(10);
    expect(world.logs).toEqual([
      { message: 'the list goes on after the last page that is read', system_id: 'seoul', pages: 10 },
    ]);
  });

  it('with no rows on the first page is a failed poll, never "no stations"', async () => {
    const world = worldOf([]);
    expect(await poll(world)).toMatchObject([
      { status: 'failed', reason: 'empty_station_list', fetched: 0, accepted: 0 },
    ]);
    expect(world.actions.filter((action) => action.startsWith('put'))).toEqual(['put receipts-g1[seoul/receipt/0:1]']);
  });

  it('tries a page again that answers ERROR-500 in the clothes of 200', async () => {
    const failing: FakeSite = (_, count) => ({
      body: count === 0 ? { RESULT: { CODE: 'ERROR-500', MESSAGE: 'x' } } : pageOf(rows(1, 3)),
    });
    const world = worldOf([failing]);
    expect(await poll(world)).toMatchObject([{ status: 'ok', accepted: 3 }, { status: 'ok' }]);
  });

  it('with a page that can not be had is a failed poll: a part is no snapshot', async () => {
    const world = worldOf([{ body: pageOf(rows(1, 1_000)) }, { status: 503 }]);
    expect(await poll(world)).toMatchObject([{ status: 'failed', http_code: 503, reason: 'http_503', accepted: 0 }]);
    expect(requests(world).filter((url) => url === pageUrl(2))).toHaveLength(4);
  });

  it('with a key that is refused stops at once, and reads the key anew the next time', async () => {
    const world = worldOf([1, 2, 3, 4].map(() => ({ body: WRONG_KEY, type: 'application/xml' })));
    expect(await poll(world)).toMatchObject([{ status: 'failed', reason: 'invalid_key' }]);
    expect(requests(world)).toHaveLength(4); // no page a second time
    expect(world.actions).toContain('forget the key');
  });

  it('without a key says where it belongs', async () => {
    const world = worldOf([]);
    const ports = world.ports();
    const key = {
      ...ports.key,
      read: () => Promise.reject(Object.assign(new Error('x'), { name: 'ParameterNotFound' })),
    };
    expect(await pollGroup(inputOf([seoulSystem]), { ...ports, key })).toMatchObject([
      { status: 'failed', reason: 'no_key' },
    ]);
    expect(String(world.logs[0]?.error)).toContain('SEOUL_KEY_PARAMETER');
  });

  it('asks for the key only where a system needs it', async () => {
    const world = worldOf([]);
    await pollGroup(inputOf([gbfsSystem('a')]), world.ports());
    expect(world.actions).not.toContain('read the key');
    await poll(world);
    expect(world.actions).toContain('read the key');
  });
});

describe('the key of Seoul', () => {
  const echo = `<html>cannot GET /${KEY}/json/bikeList/1/1000/</html>`;
  const failure = new FetchFailure('connection_failed', `http://seoul.example:8088/${KEY}/json: ECONNRESET`, {
    again: true,
  });
  const badRow = { ...row(2), parkingBikeTotCnt: '-1', stationName: `see ${BASE}` };

  it.each<[string, FakeSite]>([
    ['a gateway page that repeats the URL', { body: echo, type: 'text/html' }],
    ['an error that holds the URL', { failure }],
    ['a refused key', { body: WRONG_KEY }],
    ['an unknown code', { body: { CODE: 'ERROR-999', MESSAGE: KEY } }],
    ['a rejected record that holds it', { body: pageOf([row(1), badRow]) }],
    ['a status', { status: 500 }],
  ])('is in no log line, receipt, reject, state or thrown error: %s', async (_, site) => {
    const world = worldOf([site, site]);
    const receipts = await poll(world).catch((error: Error) => `${error.message} ${error.stack}`);
    const quarantined = world.quarantined.map((line) => ({ ...line, raw: unpacked(String(line.raw)) }));
    expect(world.logs.length + world.quarantined.length).toBeGreaterThan(0);
    expect(JSON.stringify([receipts, world.logs, quarantined, world.state])).not.toContain(KEY);
  });
});

const unpacked = (raw: string): string => zstdDecompressSync(Buffer.from(raw, 'base64')).toString();
