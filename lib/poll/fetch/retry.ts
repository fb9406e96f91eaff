import { FetchFailure } from './failure.ts';

export const MAX_TRIES = 4;
const BASE_MS = 500;
const CAP_MS = 8_000;

/**
 * How long to wait before another try; null where none is made: it can't help, there were enough, or the time that is left doesn't hold
 * the wait. Exponential backoff with full jitter (`random` in [0, 1)), so that pollers don't come in step; never less than Retry-After.
 */
export function nextPause(failure: FetchFailure, tries: number, left_ms: number, random: number): number | null {
  if (!failure.again || tries >= MAX_TRIES) return null;
  const jitter_ms = Math.round(random * Math.min(CAP_MS, BASE_MS * 2 ** (tries - 1)));
  const pause_ms = (failure.after_ms ?? 0) + jitter_ms;
  return pause_ms < left_ms ? pause_ms : null;
}

/** Monotonic time, and waiting. */
export interface Timer {
  now_ms(): number;
  sleep(ms: number): Promise<void>;
}

/** Makes tries until one succeeds or no more is worth it; throws the last failure then. Other errors pass through. */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  { timer, random, until_ms }: { timer: Timer; random: () => number; until_ms: number },
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof FetchFailure)) throw error;
      const pause_ms = nextPause(error, tries, until_ms - timer.now_ms(), random());
      if (pause_ms === null) throw error;
      await timer.sleep(pause_ms);
    }
  }
}
