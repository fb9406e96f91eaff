import { describe, expect, it } from 'vitest';
import { pollGroup } from '../../lib/poll/poll-group.ts';
import type { Counts } from '../../lib/watch/metrics.ts';
import {
  discoveryOf,
  FakeWorld,
  gbfsSystem,
  inputOf,
  MINUTE_MS,
  SLOT_MS,
  seoulSystem,
  station,
  statusOf,
} from '../poll/fakes.ts';

const STATUS = 'https://a.example/status.json';
const HOUR_MS = 60 * MINUTE_MS;

/** A GBFS system whose feed says at each poll what `says` gives. */
function worldOf(says: () => object): FakeWorld {
  const world = new FakeWorld();
  world.sites.set('https://a.example/gbfs.json', { body: discoveryOf({ station_status: STATUS }) });
  world.sites.set(STATUS, () => ({ body: says() }));
  return world;
}

async function measured(world: FakeWorld, slot_ms = SLOT_MS, systems = [gbfsSystem('a')]): Promise<Counts[]> {
  const told: Counts[] = [];
  const ports = { ...world.ports(), measured: (counts: Counts) => void told.push(counts) };
  await pollGroup(inputOf(systems, slot_ms), ports).catch(() => undefined);
  return told;
}

describe('a poll tells what it came to', () => {
  it('once, with what was accepted', async () => {
    const world = worldOf(() => statusOf(station('1'), station('2'), station('bad', -1)));
    expect(await measured(world)).toEqual([
      { Polls: 1, PollsFailed: 0, FeedsFrozen: 0, KeyRefused: 0, EventsAccepted: 2 },
    ]);
  });

  it('also where its receipts can not be sent', async () => {
    const world = worldOf(() => statusOf(station('1')));
    world.refuse = ({ partition_key }) => (partition_key.startsWith('receipts') ? 'InternalFailure' : null);
    expect(await measured(world)).toMatchObject([{ Polls: 1, EventsAccepted: 1 }]);
    expect(world.actions.some((action) => action.startsWith('put receipts') && !action.includes('refused'))).toBe(
      false,
    );
  });

  it('as failed where the feed is down, and while its breaker leaves it alone', async () => {
    const world = worldOf(() => ({}));
    world.sites.set(STATUS, { status: 503 });
    for (let minute = 0; minute < 7; minute++) {
      expect(await measured(world, SLOT_MS + minute * MINUTE_MS)).toMatchObject([{ Polls: 1, PollsFailed: 1 }]);
    }
  });

  it('as refused where Seoul refuses the key, and while its breaker leaves it alone for that', async () => {
    const world = new FakeWorld();
    const wrongKey = { body: '<RESULT><CODE>INFO-100</CODE></RESULT>', type: 'application/xml' };
    for (let page = 0; page < 4; page++) {
      const rows = `${page * 1_000 + 1}/${(page + 1) * 1_000}`;
      world.sites.set(`http://seoul.example:8088/secretkey0123/json/bikeList/${rows}/`, wrongKey);
    }
    for (let minute = 0; minute < 8; minute++) {
      const slot_ms = SLOT_MS + minute * MINUTE_MS;
      expect(await measured(world, slot_ms, [seoulSystem])).toMatchObject([
        { Polls: 1, PollsFailed: 1, KeyRefused: 1 },
      ]);
    }
  });
});

describe('a frozen feed', () => {
  /** FeedsFrozen by minute. */
  async function frozen(world: FakeWorld, minutes: readonly number[]): Promise<number[]> {
    const counts: number[] = [];
    for (const minute of minutes) {
      const [told] = await measured(world, SLOT_MS + minute * MINUTE_MS);
      counts.push(told?.FeedsFrozen ?? -1);
    }
    return counts;
  }
  const everyFive = Array.from({ length: 19 }, (_, n) => n * 5);

  it('is told by the state that the group keeps', async () => {
    const world = worldOf(() => statusOf(station('1')));
    expect(await frozen(world, everyFive)).toEqual([...Array(15).fill(0), 1, 1, 1, 1]); // from the 75th minute on
    expect(world.state.a?.movement?.since_slot_ms).toBe(SLOT_MS);
  });

  it('is not one that moves, and not one that was down meanwhile', async () => {
    let moves = 0;
    const moving = worldOf(() => ({ ...statusOf(station('1')), last_updated: SLOT_MS / 1000 + moves++ }));
    expect(await frozen(moving, everyFive)).toEqual(Array(19).fill(0));
    const down = worldOf(() => statusOf(station('1')));
    expect(await frozen(down, [0, 10, 20, 80, 90])).toEqual([0, 0, 0, 0, 0]);
  });

  it('is not told of a state that was written before there was any of this', async () => {
    const world = worldOf(() => statusOf(station('1')));
    await measured(world, SLOT_MS - HOUR_MS * 2);
    const { movement: _, ...before } = world.state.a ?? {};
    world.state = { a: before as never };
    expect(await frozen(world, [0, 5])).toEqual([0, 0]);
    expect(world.state.a?.movement?.since_slot_ms).toBe(SLOT_MS);
  });
});
