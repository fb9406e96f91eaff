import { describe, expect, it } from 'vitest';
import type { Receipt } from '../../lib/event.ts';
import { METRICS, metricsToSend } from '../../lib/watch/metrics.ts';
import { pollCounts } from '../../lib/watch/poll-counts.ts';

const receipt = (of: Partial<Receipt>): Receipt => ({
  system_id: 'port',
  group_id: 'g1',
  slot_ms: 0,
  feed: 'station_status',
  status: 'ok',
  http_code: 200,
  fetched: 0,
  accepted: 0,
  rejected: 0,
  repeated: 0,
  rejected_reasons: null,
  bytes: 0,
  latency_ms: 0,
  fetched_at_ms: 0,
  feed_updated_ms: null,
  reason: null,
  basis_slot_ms: null,
  ...of,
});
const NONE: ReadonlySet<string> = new Set();
const SEOUL = new Set(['seoul']);

describe('what the polls of an invocation come to', () => {
  it('every receipt is a poll; those that brought nothing have failed; what the stream took is accepted', () => {
    const receipts = [
      receipt({ accepted: 40, rejected: 2 }),
      receipt({ accepted: 40, feed: 'station_information' }),
      receipt({ status: 'not_modified', http_code: 304 }),
      receipt({ status: 'failed', http_code: 503, reason: 'http_503' }),
      receipt({ status: 'failed', reason: 'not_sent', accepted: 7 }),
      receipt({ status: 'skipped', reason: 'out_of_time' }),
      receipt({ status: 'breaker_open', reason: 'timed_out' }),
    ];
    expect(pollCounts(receipts, 1, NONE)).toEqual({
      Polls: 7,
      PollsFailed: 4,
      FeedsFrozen: 1,
      KeyRefused: 0,
      EventsAccepted: 87,
    });
  });

  it.each([
    ['refused by the host', { status: 'failed', reason: 'invalid_key' }, 1],
    ['refused by a gateway, 401', { status: 'failed', reason: 'http_401', http_code: 401 }, 1],
    ['refused by a gateway, 403', { status: 'failed', reason: 'http_403', http_code: 403 }, 1],
    ['not to be read', { status: 'failed', reason: 'no_key' }, 1],
    ['refused before, so that the feed is left alone', { status: 'breaker_open', reason: 'invalid_key' }, 1],
    ['good, and the host is down', { status: 'failed', reason: 'http_500', http_code: 500 }, 0],
    ['good', { status: 'ok' }, 0],
  ] as const)('a key that is %s', (_, of, refused) => {
    expect(pollCounts([receipt({ system_id: 'seoul', ...of })], 0, SEOUL).KeyRefused).toBe(refused);
  });

  it('a feed without a key that answers 403 has no key to be refused', () => {
    const receipts = [receipt({ status: 'failed', reason: 'http_403', http_code: 403 })];
    expect(pollCounts(receipts, 0, SEOUL)).toMatchObject({ PollsFailed: 1, KeyRefused: 0 });
  });
});

describe('what is sent', () => {
  const sent = (counts: Record<string, number>) => metricsToSend('poll', counts).map(([{ name }, n]) => [name, n]);

  it('zeros too, but for what is sent only when it happens', () => {
    expect(sent(pollCounts([], 0, NONE))).toEqual([
      ['Polls', 0],
      ['PollsFailed', 0],
      ['FeedsFrozen', 0],
      ['EventsAccepted', 0],
    ]);
    expect(sent({ KeyRefused: 1 })).toEqual([['KeyRefused', 1]]);
  });

  it('nothing that the table does not have, and nothing of another stage', () => {
    expect(() => sent({ PollsMade: 1 })).toThrow('no metric PollsMade of stage poll in lib/watch/metrics.json');
    expect(() => sent({ ChangesLogged: 1 })).toThrow('no metric ChangesLogged of stage poll');
  });
});

it('at most six metrics come by the minute, and none has a name that another has', () => {
  expect(METRICS.filter(({ sent }) => sent !== 'daily').length).toBeLessThanOrEqual(6);
  expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length);
});
