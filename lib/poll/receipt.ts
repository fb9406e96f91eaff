import type { Receipt } from '../event.ts';
import { type Entry, receiptLine } from '../stream/chunk.ts';
import type { FeedPoll } from './feed-poll.ts';

/** The reason of events that were accepted from the feed and could not be put into the stream. */
export const NOT_SENT = 'not_sent';

/**
 * The receipt of a poll. `unsent`: how many of its events the stream did not take. They count as rejected (and the body lies in quarantine), so that
 * fetched = accepted + rejected + repeated, and accepted is what Bronze holds. One case is left: a call whose answer was lost may have stored them after all; the
 * reason `not_sent` is the name of that difference.
 */
export function toReceipt(poll: FeedPoll, group_id: string, slot_ms: number, unsent: number): Receipt {
  const { system_id, feed, http_code, bytes, latency_ms, fetched_at_ms, basis_slot_ms, document } = poll;
  const events = document?.events.length ?? 0;
  const rejects = document?.rejects ?? [];
  return {
    system_id,
    group_id,
    slot_ms,
    feed,
    status: unsent > 0 ? 'failed' : poll.status,
    http_code,
    fetched: document?.fetched ?? 0,
    accepted: events - unsent,
    rejected: rejects.length + unsent,
    repeated: document?.repeated ?? 0,
    rejected_reasons: countText([...rejects.map(({ reason }) => reason), ...Array<string>(unsent).fill(NOT_SENT)]),
    bytes,
    latency_ms,
    fetched_at_ms,
    feed_updated_ms: document?.feed_updated_ms ?? null,
    reason: unsent > 0 ? NOT_SENT : poll.reason,
    basis_slot_ms,
  };
}

/** `{"reason": count}`, sorted by reason; null where there is none. */
function countText(reasons: readonly string[]): string | null {
  if (reasons.length === 0) return null;
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return JSON.stringify(Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** A receipt as an entry of the group's record; its system and times stand in the entry. */
export function receiptEntry(receipt: Receipt): Entry {
  const { system_id, fetched_at_ms, feed_updated_ms } = receipt;
  return {
    kind: 'receipt',
    system_id,
    part: 0,
    parts: 1,
    fetched_at_ms,
    feed_updated_ms,
    lines: [receiptLine(receipt)],
  };
}
