import { describe, expect, it } from 'vitest';
import { type PollPorts, pollGroup } from '../../lib/poll/poll-group.ts';
import { decodeChunk } from '../../lib/stream/chunk.ts';
import { toNamed } from '../../lib/stream/columns.ts';
import { discoveryOf, FakeWorld, gbfsSystem, inputOf, MINUTE_MS, SLOT_MS, station, statusOf } from './fakes.ts';

/**
 * A group of two systems in two lanes. What `a` and `b` say is one letter a slot; the hosts know ETags. `a` has a record that is rejected whenever it says B.
 * The polls of four slots in a row, one of which ends in the middle of an effect: what lies in the stream afterwards.
 */
const A = 'https://a.example/status.json';
const B = 'https://b.example/status.json';
const systems = [gbfsSystem('a', ['lane-001']), gbfsSystem('b', ['lane-002'])];
const BIKES: Record<string, number> = { A: 3, B: 4 };

function worldThatSays(says: { now: string }): FakeWorld {
  const world = new FakeWorld();
  for (const [system, url] of [
    ['a', A],
    ['b', B],
  ] as const) {
    world.sites.set(`https://${system}.example/gbfs.json`, { body: discoveryOf({ station_status: url }) });
    world.sites.set(url, ({ etag }) => {
      if (etag === `"${says.now}"`) return { status: 304 };
      const bad = system === 'a' && says.now === 'B' ? [station('bad', -1)] : [];
      return { body: statusOf(station('1', BIKES[says.now]), station('2', 0), ...bad), etag: `"${says.now}"` };
    });
  }
  return world;
}

const poll = (ports: PollPorts, slot_ms: number) => pollGroup(inputOf(systems, slot_ms), ports);

describe('the effects of a poll, in order', () => {
  const first = [
    'read the state',
    'get https://a.example/gbfs.json',
    'get https://b.example/gbfs.json',
    `get ${A}`,
    `get ${B}`,
  ];

  it('a full fetch: state, feeds, a wave of chunks, receipts, state', async () => {
    const world = worldThatSays({ now: 'A' });
    await poll(world.ports(), SLOT_MS);
    expect(world.actions).toEqual([
      ...first,
      'put lane-001[a/status/0:2], lane-002[b/status/0:2]',
      'put receipts-g1[a/receipt/0:1 b/receipt/0:1]',
      'write the state',
    ]);
  });

  it('nothing new: no chunk, receipts alone, and no state', async () => {
    const world = worldThatSays({ now: 'A' });
    await poll(world.ports(), SLOT_MS);
    world.actions.length = 0;
    await poll(world.ports(), SLOT_MS + MINUTE_MS);
    expect(world.actions).toEqual([
      'read the state',
      `get ${A} if not "A"`,
      `get ${B} if not "A"`,
      'put receipts-g1[a/receipt/0:1 b/receipt/0:1]',
    ]);
  });

  it('a fetch that fails: asked again, the other system is sent, and both have a receipt', async () => {
    const world = worldThatSays({ now: 'A' });
    world.sites.set(B, { status: 503 });
    const receipts = await poll(world.ports(), SLOT_MS);
    const asked = world.actions.filter((action) => action === `get ${B}`);
    expect(asked.length).toBeGreaterThan(1);
    expect(world.actions.filter((action) => action !== `get ${B}`)).toEqual([
      ...first.slice(0, 4),
      'put lane-001[a/status/0:2]',
      'put receipts-g1[a/receipt/0:1 b/receipt/0:1]',
      'write the state',
    ]);
    expect(receipts).toMatchObject([{ status: 'ok' }, { status: 'failed', reason: 'http_503', accepted: 0 }]);
  });

  it('a put that is taken in part: only what was refused again, and then the receipts', async () => {
    const world = worldThatSays({ now: 'A' });
    let refusals = 1;
    world.refuse = ({ partition_key }) => (partition_key === 'lane-001' && refusals-- > 0 ? 'InternalFailure' : null);
    await poll(world.ports(), SLOT_MS);
    expect(world.actions.slice(first.length)).toEqual([
      'put lane-001[a/status/0:2] refused, lane-002[b/status/0:2]',
      'put lane-001[a/status/0:2]',
      'put receipts-g1[a/receipt/0:1 b/receipt/0:1]',
      'write the state',
    ]);
  });

  it('a rejected record: quarantine after the events and before the receipts', async () => {
    const world = worldThatSays({ now: 'B' });
    await poll(world.ports(), SLOT_MS);
    expect(world.actions.slice(first.length)).toEqual([
      'put lane-001[a/status/0:2], lane-002[b/status/0:2]',
      'quarantine 1',
      'put receipts-g1[a/receipt/0:1 b/receipt/0:1]',
      'write the state',
    ]);
  });
});

/** What lies in the stream: the contents of each (system, station, slot), and the receipts of each (system, slot). */
function lakeOf(world: FakeWorld) {
  const events = new Map<string, Set<number>>();
  const receipts = new Map<string, Record<string, unknown>[]>();
  for (const { bytes } of world.chunks) {
    const { header, lines } = decodeChunk(bytes);
    let from = 0;
    for (const entry of header.entries) {
      const own = lines.slice(from, from + entry.lines).map((line) => JSON.parse(line) as Record<string, unknown>);
      from += entry.lines;
      for (const line of own) {
        const key = `${entry.system_id}@${(header.slot_ms - SLOT_MS) / MINUTE_MS}`;
        if (entry.kind === 'receipt') receipts.set(key, [...(receipts.get(key) ?? []), toNamed(line)]);
        else {
          const event = `${entry.system_id}/${String(line.i)}@${(header.slot_ms - SLOT_MS) / MINUTE_MS}`;
          events.set(event, (events.get(event) ?? new Set()).add(Number(line.b)));
        }
      }
    }
  }
  return { events, receipts };
}

/** Ports whose n-th effect is the last: it takes place or not, and nothing answers any more. */
function endingAt(
  ports: PollPorts,
  n: number,
  takesPlace: boolean,
): { ports: PollPorts; ended: Promise<void>; count: () => number } {
  let effects = 0;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const never = new Promise<never>(() => undefined);
  const gate = async <T>(act: () => Promise<T>): Promise<T> => {
    effects += 1;
    if (effects > n) return never;
    if (effects < n) return act();
    if (takesPlace) await act();
    end();
    return never;
  };
  const { get, states, stream, quarantine } = ports;
  return {
    ports: {
      ...ports,
      get: (request) => gate(() => get(request)),
      states: {
        read: (group) => gate(() => states.read(group)),
        write: (group, state, slot_ms) => gate(() => states.write(group, state, slot_ms)),
      },
      stream: { put: (records) => gate(() => stream.put(records)) },
      quarantine: { put: (records) => gate(() => quarantine.put(records)) },
    },
    ended,
    count: () => effects,
  };
}

const SLOTS = [0, 1, 2, 3];
const FEEDS = ['AAAA', 'AABA', 'ABAA', 'ABBA', 'ABAB', 'ABBB', 'AABB', 'AAAB'];
const LAST_EFFECT = 7; // read, 2 gets, chunks, quarantine, receipts, write

/** Polls the four slots; that of slot 1 ends at an effect, and what follows is the next slot, or first slot 1 again. Its number of effects. */
async function pollFourSlots(feed: string, end_at: number, takesPlace: boolean, isAgain: boolean) {
  const says = { now: '' };
  const world = worldThatSays(says);
  let effects = 0;
  for (const slot of SLOTS) {
    says.now = feed[slot] ?? '';
    const slot_ms = SLOT_MS + slot * MINUTE_MS;
    if (slot === 1) {
      const { ports, ended, count } = endingAt(world.ports(), end_at, takesPlace);
      await Promise.race([poll(ports, slot_ms), ended]);
      effects = count();
      if (!isAgain) continue;
    }
    await poll(world.ports(), slot_ms);
  }
  return { world, effects };
}

it('a poll with a rejected record has seven effects, and each is ended below', async () => {
  expect((await pollFourSlots('ABAA', 99, false, false)).effects).toBe(LAST_EFFECT);
});

describe.each(FEEDS)('a poll that ends in the middle; the feeds say %s', (feed) => {
  const cases = Array.from({ length: LAST_EFFECT }, (_, n) => n + 1).flatMap((end_at) =>
    [false, true].flatMap((takesPlace) => [false, true].map((isAgain) => ({ end_at, takesPlace, isAgain }))),
  );
  it.each(cases)(
    'at effect $end_at (done: $takesPlace), the slot again: $isAgain',
    async ({ end_at, takesPlace, isAgain }) => {
      const { world } = await pollFourSlots(feed, end_at, takesPlace, isAgain);
      const { events, receipts } = lakeOf(world);
      // Nothing invented and, by (system, station, slot), nothing doubled: a content, and the one that the feed had at that slot.
      for (const [event, contents] of events) {
        const slot = Number(event.slice(-1));
        const said = event.includes('/1@') ? BIKES[feed[slot] ?? ''] : 0;
        expect([event, [...contents]]).toEqual([event, [said]]);
      }
      for (const slot of SLOTS) {
        const [ofA, ofB] = ['a', 'b'].map((system) => receipts.get(`${system}@${slot}`) ?? []);
        // The receipts of a poll are all there, or none is and the poll counts as a gap; and a gap only slot 1 can be.
        expect(ofA?.length).toBe(ofB?.length);
        if (slot !== 1 || isAgain) expect(ofA?.length).toBeGreaterThan(0);
      }
      for (const [key, own] of receipts) {
        const [system = '', slot = ''] = key.split('@');
        for (const receipt of own) {
          const stored = ['1', '2'].filter((id) => events.has(`${system}/${id}@${slot}`)).length;
          const { fetched, accepted, rejected, repeated } = receipt as Record<string, number>;
          expect(fetched).toBe((accepted ?? 0) + (rejected ?? 0) + (repeated ?? 0));
          if (receipt.status === 'ok') expect([key, accepted]).toEqual([key, stored]);
          else {
            // What a 304 confirms lies in the stream whole, and is what the feed says now.
            expect(receipt.status).toBe('not_modified');
            const basis = (Number(receipt.basis_slot_ms) - SLOT_MS) / MINUTE_MS;
            expect(events.has(`${system}/1@${basis}`) && events.has(`${system}/2@${basis}`)).toBe(true);
            expect(feed[basis]).toBe(feed[Number(slot)]);
          }
        }
      }
    },
  );
});
