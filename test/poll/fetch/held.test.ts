import { describe, expect, it } from 'vitest';
import { heldWithin } from '../../../lib/poll/fetch/held.ts';
import type { Get } from '../../../lib/poll/fetch/http.ts';
import { pollGroup } from '../../../lib/poll/poll-group.ts';
import { discoveryOf, FakeWorld, gbfsSystem, inputOf, station, statusOf } from '../fakes.ts';

/** Answers a body of as many bytes as the URL's path says. */
const bodies: Get = async ({ url }) => ({
  status: 200,
  body: Buffer.alloc(Number(new URL(url).pathname.slice(1))),
  content_type: null,
  etag: null,
  last_modified: null,
  moved_to: null,
});
const ask = (bytes: number) => ({ url: `https://feeds.example/${bytes}`, timeout_ms: 1_000 });

describe('the bodies of one poll', () => {
  it('are held up to the limit together, and one that would pass it takes nothing from the next', async () => {
    const get = heldWithin(bodies, 100);
    await expect(get(ask(60))).resolves.toMatchObject({ status: 200 });
    await expect(get(ask(41))).rejects.toMatchObject({ reason: 'body_too_large', again: false });
    await expect(get(ask(40))).resolves.toMatchObject({ status: 200 });
    await expect(get(ask(1))).rejects.toMatchObject({ reason: 'body_too_large' });
  });

  it('of the next poll count anew', async () => {
    await heldWithin(bodies, 100)(ask(100));
    await expect(heldWithin(bodies, 100)(ask(100))).resolves.toMatchObject({ status: 200 });
  });

  it('are too many in a group of systems with 9 MB each: the first is polled, the second says why not', async () => {
    const large = { ...statusOf(station('1')), padding: 'x'.repeat(9 * 1024 * 1024) };
    const world = new FakeWorld();
    for (const id of ['a', 'b']) {
      const status = `https://${id}.example/status.json`;
      world.sites.set(`https://${id}.example/gbfs.json`, { body: discoveryOf({ station_status: status }) });
      world.sites.set(status, { body: large });
    }
    const receipts = await pollGroup(inputOf([gbfsSystem('a'), gbfsSystem('b')]), world.ports());
    const of_status = receipts.filter(({ feed }) => feed === 'station_status');
    expect(of_status.map(({ status, reason }) => [status, reason])).toEqual([
      ['ok', null],
      ['failed', 'body_too_large'],
    ]);
  });
});
