import type { Receipt } from '../event.ts';
import type { Counts } from './metrics.ts';

const BROUGHT_NOTHING: ReadonlySet<Receipt['status']> = new Set(['failed', 'skipped', 'breaker_open']);
/** A poll that is left out has the reason of the failure that opened the breaker. */
const WITHOUT_A_KEY: ReadonlySet<string | null> = new Set(['invalid_key', 'no_key', 'http_401', 'http_403']);

/**
 * What the polls of one invocation come to. `frozen`: how many of them found a frozen feed; `keyed`: ids of the systems that are polled with
 * a key; of the others, 401 and 403 are failures like any other.
 */
export function pollCounts(receipts: readonly Receipt[], frozen: number, keyed: ReadonlySet<string>): Counts {
  const count = (holds: (receipt: Receipt) => boolean): number => receipts.filter(holds).length;
  const failed = (receipt: Receipt): boolean => BROUGHT_NOTHING.has(receipt.status);
  return {
    Polls: receipts.length,
    PollsFailed: count(failed),
    FeedsFrozen: frozen,
    KeyRefused: count((r) => failed(r) && keyed.has(r.system_id) && WITHOUT_A_KEY.has(r.reason)),
    EventsAccepted: receipts.reduce((sum, { accepted }) => sum + accepted, 0),
  };
}
