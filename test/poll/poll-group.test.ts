import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FetchFailure } from '../../lib/poll/fetch/failure.ts';
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

const STATUS = 'https://a.example/status.json';
const INFORMATION = 'https://a.example/information.json';

function worldWithA(stations: unknown[] = [station('1'), station('2', 0)]): FakeWorld {
  const world = new FakeWorld();
  world.sites.set('https://a.example/gbfs.json', {
    body: discoveryOf({ station_status: STATUS, station_information: INFORMATION }),
  });
  world.sites.set(STATUS, { body: statusOf(...stations), etag: '"s1"' });
  world.sites.set(INFORMATION, { body: informationOf('1', '2') });
  return world;
}

const a = gbfsSystem('a');
const poll = (world: FakeWorld, slot_ms = SLOT_MS, systems = [a]) =>
  pollGroup(inputOf(systems, slot_ms), world.ports());

describe('a poll of a GBFS system', () => {
  it('the first time: finds the feeds, then status, information, chunk, receipts, state, in this order', async () => {
    const world = worldWithA();
    const receipts = await poll(world);
    expect(world.actions).toEqual([
      'read the state',
      'get https://a.example/gbfs.json',
      `get ${STATUS}`,
      `get ${INFORMATION}`,
      'put lane-001[a/status/0:2 a/information/0:2]',
      'put receipts-g1[a/receipt/0:1 a/receipt/0:1]',
      'write the state',
    ]);
    expect(receipts).toEqual([
      {
        system_id: 'a',
        group_id: 'g1',
        slot_ms: SLOT_MS,
        feed: 'station_status',
        status: 'ok',
        http_code: 200,
        fetched: 2,
        accepted: 2,
        rejected: 0,
        repeated: 0,
        rejected_reasons: null,
        bytes: 378,
        latency_ms: 70,
        fetched_at_ms: SLOT_MS + 2_070,
        feed_updated_ms: SLOT_MS,
        reason: null,
        basis_slot_ms: null,
      },
      expect.objectContaining({ feed: 'station_information', status: 'ok', fetched: 2, accepted: 2 }),
    ]);
    expect(world.logs).toEqual([]);
  });

  it('a minute later: status alone, asked with its ETag; 304 confirms the slot whose body it was', async () => {
    const world = worldWithA();
    await poll(world);
    world.actions.length = 0;
    world.sites.set(STATUS, (request) => ({ status: request.etag === '"s1"' ? 304 : 200 }));
    const receipts = await poll(world, SLOT_MS + MINUTE_MS);
    expect(world.actions).toEqual(['read the state', `get ${STATUS} if not "s1"`, 'put receipts-g1[a/receipt/0:1]']);
    expect(receipts).toMatchObject([
      {
        status: 'not_modified',
        http_code: 304,
        basis_slot_ms: SLOT_MS,
        slot_ms: SLOT_MS + MINUTE_MS,
        fetched: 0,
        accepted: 0,
        bytes: 0,
      },
    ]);
  });

  it('an hour later: discovery and information again, and the whole body when its basis is older than that', async () => {
    const world = worldWithA();
    await poll(world);
    world.actions.length = 0;
    await poll(world, SLOT_MS + 61 * MINUTE_MS);
    expect(world.actions).toEqual([
      'read the state',
      'get https://a.example/gbfs.json',
      `get ${STATUS}`,
      `get ${INFORMATION}`,
      'put lane-001[a/status/0:2 a/information/0:2]',
      'put receipts-g1[a/receipt/0:1 a/receipt/0:1]',
      'write the state',
    ]);
  });

  it('delivered twice with one slot: the same slot again, with its whole body', async () => {
    const world = worldWithA();
    await poll(world);
    world.actions.length = 0;
    const receipts = await poll(world);
    expect(world.actions).toEqual([
      'read the state',
      `get ${STATUS}`,
      'put lane-001[a/status/0:2]',
      'put receipts-g1[a/receipt/0:1]',
    ]);
    expect(receipts).toMatchObject([{ status: 'ok', slot_ms: SLOT_MS }]);
  });

  it('with its cache down: everything in full, and no row less', async () => {
    const world = worldWithA();
    const ports = world.ports();
    const down = async () => Promise.reject(new Error('down'));
    const receipts = await pollGroup(inputOf([a]), { ...ports, states: { read: down, write: down } });
    expect(receipts).toMatchObject([
      { status: 'ok', accepted: 2 },
      { status: 'ok', accepted: 2 },
    ]);
    expect(world.logs.map((log) => log.message)).toEqual([
      'the state of the group could not be read',
      'the state of the group could not be written',
    ]);
  });

  it('puts the systems of a lane into one chunk, and the parts of a large one into their own lanes', async () => {
    const world = worldWithA([station('1'), station('2'), station('3'), station('4')]);
    const b = gbfsSystem('b');
    world.sites.set(b.url, { body: discoveryOf({ station_status: 'https://b.example/status.json' }) });
    world.sites.set('https://b.example/status.json', { body: statusOf(station('1')) });
    world.sites.set(INFORMATION, { status: 404 });
    await poll(world, SLOT_MS, [gbfsSystem('a', ['lane-001', 'lane-002']), b]);
    expect(world.actions.filter((action) => action.startsWith('put'))).toEqual([
      'put lane-001[a/status/0:1 b/status/0:1], lane-002[a/status/1:3]',
      'put receipts-g1[a/receipt/0:1 a/receipt/0:1 b/receipt/0:1]',
    ]);
  });

  it('a bad record goes to quarantine with its bytes, before the receipts, and the rest goes on', async () => {
    const world = worldWithA([station('1'), station('2', -1)]);
    const [receipt] = await poll(world);
    expect(receipt).toMatchObject({
      status: 'ok',
      fetched: 2,
      accepted: 1,
      rejected: 1,
      rejected_reasons: '{"negative_count":1}',
    });
    expect(world.actions.slice(-4)).toEqual([
      'put lane-001[a/status/0:1 a/information/0:2]',
      'quarantine 1',
      'put receipts-g1[a/receipt/0:1 a/receipt/0:1]',
      'write the state',
    ]);
    expect(world.quarantined).toMatchObject([
      { system_id: 'a', slot_ms: SLOT_MS, feed: 'station_status', reason: 'negative_count', place: 'data.stations[1]' },
    ]);
    expect(unpacked(world.quarantined[0])).toBe(JSON.stringify(station('2', -1)));
  });

  it('an empty station list is a failed poll, its body in quarantine, and no trouble for the breaker', async () => {
    const world = worldWithA([]);
    const [receipt] = await poll(world);
    expect(receipt).toMatchObject({
      status: 'failed',
      http_code: 200,
      reason: 'empty_station_list',
      fetched: 0,
      accepted: 0,
      rejected: 0,
    });
    expect(world.quarantined).toMatchObject([{ reason: 'empty_station_list', place: 'document', piece: 1, pieces: 1 }]);
    expect(world.state.a?.breaker.failures).toBe(0);
  });
});

const unpacked = (line: Record<string, unknown> | undefined): string =>
  zstdDecompressSync(Buffer.from(String(line?.raw), 'base64')).toString();

describe('when time runs out', () => {
  it('what has not begun is skipped with a receipt, and what came is sent', async () => {
    const world = worldWithA();
    world.latency_ms = 14_000;
    const slow = gbfsSystem('a');
    world.budget_ms = 40_000; // 30 s of it for fetching
    const receipts = await poll(world, SLOT_MS, [slow]);
    expect(receipts).toMatchObject([
      { feed: 'station_status', status: 'ok', accepted: 2 },
      { feed: 'station_information', status: 'ok', accepted: 2 },
    ]);
    const late = worldWithA();
    late.latency_ms = 14_800;
    late.budget_ms = 40_000;
    const skipped = await poll(late, SLOT_MS, [slow]);
    expect(skipped).toMatchObject([
      { feed: 'station_status', status: 'ok', accepted: 2 },
      { feed: 'station_information', status: 'skipped', reason: 'out_of_time', fetched: 0 },
    ]);
    expect(late.actions.slice(-3)).toEqual([
      'put lane-001[a/status/0:2]',
      'put receipts-g1[a/receipt/0:1 a/receipt/0:1]',
      'write the state',
    ]);
    expect(late.state.a).toMatchObject({ information_slot_ms: null, information_tried_slot_ms: null });
  });
});

describe('when the stream refuses', () => {
  it('a chunk for good: its events count as rejected, the body lies in quarantine, and no later 304 may confirm it', async () => {
    const world = worldWithA();
    world.refuse = ({ partition_key }) =>
      partition_key === 'lane-001' ? 'ProvisionedThroughputExceededException' : null;
    const receipts = await poll(world);
    expect(receipts).toMatchObject([
      {
        feed: 'station_status',
        status: 'failed',
        reason: 'not_sent',
        fetched: 2,
        accepted: 0,
        rejected: 2,
        rejected_reasons: '{"not_sent":2}',
      },
      { feed: 'station_information', status: 'failed', reason: 'not_sent', fetched: 2, accepted: 0, rejected: 2 },
    ]);
    expect(world.actions.slice(-3)).toEqual([
      'quarantine 2',
      'put receipts-g1[a/receipt/0:1 a/receipt/0:1]',
      'write the state',
    ]);
    expect(unpacked(world.quarantined[0])).toBe(JSON.stringify(statusOf(station('1'), station('2', 0))));
    expect(world.state.a).toMatchObject({ validators: {}, information_slot_ms: null });
  });

  it('a chunk at first: the same chunk again, before the receipts', async () => {
    const world = worldWithA();
    let refusals = 2;
    world.refuse = () => (refusals-- > 0 ? 'InternalFailure' : null);
    const receipts = await poll(world);
    expect(world.actions.filter((action) => action.startsWith('put'))).toEqual([
      'put lane-001[a/status/0:2 a/information/0:2] refused',
      'put lane-001[a/status/0:2 a/information/0:2] refused',
      'put lane-001[a/status/0:2 a/information/0:2]',
      'put receipts-g1[a/receipt/0:1 a/receipt/0:1]',
    ]);
    expect(receipts).toMatchObject([
      { status: 'ok', accepted: 2 },
      { status: 'ok', accepted: 2 },
    ]);
  });

  it('the receipts too: the poll fails as a whole, and remembers nothing', async () => {
    const world = worldWithA();
    world.refuse = () => 'InternalFailure';
    await expect(poll(world)).rejects.toMatchObject({ name: 'TransientError', reason: 'receipts_not_sent' });
    expect(world.actions).not.toContain('write the state');
  });
});

describe('what goes wrong in one system', () => {
  it('is its own: the others of the group go on', async () => {
    const world = worldWithA();
    const failure = new FetchFailure('connection_failed', 'https://b.example/gbfs.json: ECONNREFUSED');
    world.sites.set('https://b.example/gbfs.json', { failure });
    world.sites.set('https://c.example/gbfs.json', () => {
      throw new TypeError('a fault of ours');
    });
    const receipts = await poll(world, SLOT_MS, [gbfsSystem('b'), gbfsSystem('c'), a]);
    expect(receipts).toMatchObject([
      { system_id: 'b', status: 'failed', reason: 'discovery_connection_failed', http_code: null },
      { system_id: 'c', status: 'failed', reason: 'unexpected_error' },
      { system_id: 'a', status: 'ok' },
      { system_id: 'a', status: 'ok' },
    ]);
  });

  it('a system without stations says what it offers', async () => {
    const world = new FakeWorld();
    world.sites.set(a.url, { body: discoveryOf({ free_bike_status: 'https://a.example/bikes.json' }) });
    expect(await poll(world)).toMatchObject([{ status: 'failed', reason: 'unsupported_gbfs_kind' }]);
    expect(world.logs[0]?.message).toBe('a discovery document could not be read');
    expect(String(world.logs[0]?.reason)).toBe('unsupported_gbfs_kind');
  });
});

describe('the input', () => {
  it.each([['2026-11-21 10:31'], [''], ['<aws.scheduler.scheduled-time>']])('%j is no slot', async (scheduled_time) => {
    const world = worldWithA();
    await expect(pollGroup({ ...inputOf([a]), scheduled_time }, world.ports())).rejects.toMatchObject({
      reason: 'bad_input',
    });
    expect(world.actions).toEqual([]);
  });
});
