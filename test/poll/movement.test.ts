import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FeedPoll } from '../../lib/poll/feed-poll.ts';
import { isFrozen, type Movement, movementAfter } from '../../lib/poll/movement.ts';
import { MINUTE_MS, SLOT_MS } from './fakes.ts';

const FEED: FeedPoll = {
  system_id: 'a',
  feed: 'station_status',
  status: 'ok',
  http_code: 200,
  bytes: 1,
  latency_ms: 1,
  fetched_at_ms: 0,
  reason: null,
  basis_slot_ms: null,
  document: null,
  body: null,
  rejects: [],
};
const document = (feed_updated_ms: number | null, hashes: readonly string[]) => ({
  feed_updated_ms,
  version: null,
  fetched: hashes.length,
  events: hashes.map((content_hash) => ({ content_hash }) as never),
  rejects: [],
  repeated: 0,
});
/** A document of a feed that says its time. */
const at = (feed_updated_ms: number): FeedPoll => ({ ...FEED, document: document(feed_updated_ms, []) });
/** A document of a feed that doesn't. */
const content = (...hashes: string[]): FeedPoll => ({ ...FEED, document: document(null, hashes) });
const NOT_MODIFIED: FeedPoll = { ...FEED, status: 'not_modified', http_code: 304 };
const FAILED: FeedPoll = { ...FEED, status: 'failed', reason: 'http_503' };

/** Polls by minute since SLOT_MS; answers with the minutes that found the feed frozen. */
function frozenAt(
  polls: ReadonlyArray<readonly [minute: number, poll: FeedPoll]>,
  interval_s = 60,
  is_named = false,
): number[] {
  let movement: Movement | null = null;
  return polls.flatMap(([minute, poll]) => {
    const slot_ms = SLOT_MS + minute * MINUTE_MS;
    movement = movementAfter(movement, poll, slot_ms, interval_s, is_named);
    return isFrozen(movement, poll, slot_ms) ? [minute] : [];
  });
}
const minutes = (from: number, to: number, poll: (minute: number) => FeedPoll, step = 1) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, n) => {
    const minute = from + n * step;
    return [minute, poll(minute)] as const;
  });

describe('a feed is frozen', () => {
  it('when its time stands still for more than an hour, and no longer when it moves again', () => {
    const polls = [...minutes(0, 75, () => at(1)), [76, at(2)], ...minutes(77, 80, () => at(3))] as const;
    expect(frozenAt(polls)).toEqual([71, 72, 73, 74, 75]);
  });

  it('when it has no time, and its content stands still; the order of stations is no content', () => {
    const [a, b] = ['00000000000000a1', 'f0000000000000b2'];
    const shuffled = (minute: number) => (minute % 2 === 0 ? content(a, b) : content(b, a));
    expect(frozenAt(minutes(0, 71, shuffled))).toEqual([71]);
    expect(frozenAt([...minutes(0, 70, shuffled), [71, content(a)]])).toEqual([]);
  });

  it('when it answers 304 for more than an hour', () => {
    expect(frozenAt([[0, at(1)], ...minutes(1, 72, () => NOT_MODIFIED)])).toEqual([71, 72]);
  });

  it('when it moved at first, and then answers 304, but for the whole body once an hour', () => {
    const polls = [
      ...minutes(0, 5, at),
      ...minutes(6, 65, () => NOT_MODIFIED),
      [66, at(5)],
      ...minutes(67, 71, () => NOT_MODIFIED),
    ] as const;
    expect(frozenAt(polls, 60, true)).toEqual([71]);
  });

  it('where it is polled every 20 minutes, and every six hours', () => {
    expect(
      frozenAt(
        minutes(0, 100, () => at(1), 20),
        1200,
      ),
    ).toEqual([80, 100]);
    expect(
      frozenAt(
        minutes(0, 1080, () => at(1), 360),
        21_600,
      ),
    ).toEqual([360, 720, 1080]);
  });
});

describe('a feed is not frozen', () => {
  it('while its time moves, also backwards', () => {
    expect(frozenAt(minutes(0, 300, at))).toEqual([]);
    expect(frozenAt(minutes(0, 300, (minute) => at(1_000 - minute)))).toEqual([]);
  });

  it('when nobody asked it for more than half an hour: what an outage of ours hides may have moved', () => {
    expect(frozenAt([...minutes(0, 30, () => at(1)), ...minutes(62, 132, () => at(1))])).toEqual([]);
    expect(frozenAt([...minutes(0, 30, () => at(1)), ...minutes(62, 133, () => at(1))])).toEqual([133]);
  });

  it('at a poll that failed, whatever was before', () => {
    expect(frozenAt([...minutes(0, 72, () => at(1)), [73, FAILED], [74, at(1)]])).toEqual([71, 72, 74]);
  });

  it('at a slot that comes late; and a replay begins anew', () => {
    const before = { mark: 't1', since_slot_ms: SLOT_MS, seen_slot_ms: SLOT_MS + 20 * MINUTE_MS };
    expect(movementAfter(before, at(1), SLOT_MS + 19 * MINUTE_MS, 60)).toEqual(before);
    const replayed_ms = SLOT_MS - 24 * 60 * MINUTE_MS;
    expect(movementAfter(before, at(1), replayed_ms, 60)).toEqual({
      mark: 't1',
      since_slot_ms: replayed_ms,
      seen_slot_ms: replayed_ms,
    });
  });

  it('when nothing is known of it but that it answers 304', () => {
    expect(movementAfter(null, NOT_MODIFIED, SLOT_MS, 60)).toBe(null);
    expect(isFrozen(null, NOT_MODIFIED, SLOT_MS)).toBe(false);
  });
});

it('a feed that moves, and one that stands still, change the state once in ten minutes', () => {
  for (const says of [at, () => at(1), () => NOT_MODIFIED]) {
    let movement: Movement | null = movementAfter(null, at(0), SLOT_MS, 60);
    let changes = 0;
    for (let minute = 1; minute <= 120; minute++) {
      const next: Movement | null = movementAfter(movement, says(minute), SLOT_MS + minute * MINUTE_MS, 60);
      if (JSON.stringify(next) !== JSON.stringify(movement)) changes += 1;
      movement = next;
    }
    expect(changes).toBeLessThanOrEqual(12);
  }
});

it('property: frozen is told only after an hour in which every answer was the same, and always after 80 minutes of it', () => {
  // What the feed says at each minute: mostly what it said before; sometimes nothing.
  const said = fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 60, maxLength: 240 });
  fc.assert(
    fc.property(said, (draws) => {
      let last = 0;
      const said_at = draws.map((draw): number | null => {
        if (draw === 99) last += 1;
        return draw >= 95 && draw < 99 ? null : last;
      });
      const polls = said_at.map((said, minute) => [minute, said === null ? FAILED : at(said)] as const);
      const frozen = new Set(frozenAt(polls));
      said_at.forEach((said, minute) => {
        const same = (back: number) =>
          said_at.slice(Math.max(0, minute - back), minute + 1).every((s) => s === null || s === said);
        if (frozen.has(minute)) expect(minute > 60 && same(60)).toBe(true);
        else if (said !== null) expect(minute > 80 && same(81)).toBe(false);
      });
    }),
    { numRuns: 300 },
  );
});
