import type { FeedPoll } from './feed-poll.ts';

/**
 * Whether a feed moves. Kept for its station_status document: what it said at `since_slot_ms`, and how long it has said nothing else. It is
 * renewed every ten minutes at most, so that a group whose feeds move writes its state no more often for it.
 */
export interface Movement {
  /** `t` and the feed's own time; where it gives none, `c` and a digest of its content. */
  readonly mark: string;
  /** From this slot on nothing else was seen, but perhaps within the first ten minutes. */
  readonly since_slot_ms: number;
  /** An answer was seen at this slot, or up to ten minutes later. */
  readonly seen_slot_ms: number;
}

const MINUTE_MS = 60_000;
const RENEWED_MS = 10 * MINUTE_MS;
/** An hour, and what may have moved unseen at its beginning. */
const FROZEN_MS = 60 * MINUTE_MS + RENEWED_MS;
/** Without an answer for longer than this nobody knows whether it moved: an outage of ours must not look like a frozen feed. */
const GAP_MS = 30 * MINUTE_MS;
/** Further back than this a slot is no late one, but another time (a replay). */
const FAR_MS = 60 * MINUTE_MS;

/**
 * The movement after a poll of station_status at a slot; as it was, where the poll brought no answer, or is older than what is known. `interval_s`: of the system.
 * `is_named`: the feed names its bodies. A 304 may stand for any of them then, so the mark follows each; the state is written with the name anyway.
 */
export function movementAfter(
  before: Movement | null,
  poll: FeedPoll,
  slot_ms: number,
  interval_s: number,
  is_named = false,
): Movement | null {
  const mark = markOf(poll, before);
  if (mark === null) return before;
  const anew = { mark, since_slot_ms: slot_ms, seen_slot_ms: slot_ms };
  if (before === null) return anew;
  const age_ms = slot_ms - before.seen_slot_ms;
  if (age_ms < -FAR_MS || age_ms > Math.max(GAP_MS, 3 * interval_s * 1000)) return anew;
  if (slot_ms - before.since_slot_ms < RENEWED_MS) return is_named && age_ms >= 0 ? { ...before, mark } : before;
  if (mark !== before.mark) return anew;
  return age_ms < RENEWED_MS ? before : { ...before, seen_slot_ms: slot_ms };
}

/** Whether a poll found a feed that answers and has not moved for more than an hour. `movement`: after it. */
export function isFrozen(movement: Movement | null, poll: FeedPoll, slot_ms: number): boolean {
  return movement !== null && isAnswer(poll) && slot_ms - movement.since_slot_ms > FROZEN_MS;
}

const isAnswer = ({ status }: FeedPoll): boolean => status === 'ok' || status === 'not_modified';

/** null: nothing was said. A 304 says what was said before. */
function markOf({ status, document }: FeedPoll, before: Movement | null): string | null {
  if (status === 'not_modified') return before?.mark ?? null;
  if (status !== 'ok' || document === null) return null;
  const { feed_updated_ms, events } = document;
  return feed_updated_ms === null ? `c${digest(events.map((event) => event.content_hash))}` : `t${feed_updated_ms}`;
}

/** Of 64-bit hashes in hex, whatever their order: feeds shuffle their stations. */
function digest(hashes: readonly string[]): string {
  let [high, low] = [0, 0];
  for (const hash of hashes) {
    high ^= Number.parseInt(hash.slice(0, 8), 16);
    low ^= Number.parseInt(hash.slice(8), 16);
  }
  const hex = (half: number): string => (half >>> 0).toString(16).padStart(8, '0');
  return hex(high) + hex(low);
}
