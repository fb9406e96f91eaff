/**
 * The circuit breaker of a system: after `FAILURES_TO_OPEN` polls in a row that brought no document, the system is left alone for a while; then one poll
 * probes it. A probe that fails doubles the pause, up to an hour; one that succeeds closes the breaker. Time is counted in slots.
 */
export interface Breaker {
  /** Polls in a row that brought no document. */
  readonly failures: number;
  /** From this slot on a poll may probe; null while closed. */
  readonly probe_slot_ms: number | null;
  readonly pause_ms: number;
  /** The last failure's reason and slot. */
  readonly reason: string | null;
  readonly failed_slot_ms: number | null;
}

export const FAILURES_TO_OPEN = 5;
const FIRST_PAUSE_MS = 5 * 60_000;
const LONGEST_PAUSE_MS = 60 * 60_000;

export const CLOSED: Breaker = { failures: 0, probe_slot_ms: null, pause_ms: 0, reason: null, failed_slot_ms: null };

/** Whether the slot's poll is left out. A slot before the last failure (a replay) is not judged by it. */
export function isOpen({ probe_slot_ms, failed_slot_ms }: Breaker, slot_ms: number): boolean {
  return probe_slot_ms !== null && slot_ms < probe_slot_ms && slot_ms >= (failed_slot_ms ?? 0);
}

/** The breaker after a poll that was made: `reason` says why no document came; null where one did. */
export function afterPoll(breaker: Breaker, reason: string | null, slot_ms: number): Breaker {
  if (reason === null) return CLOSED;
  const failures = breaker.failures + 1;
  const failed = { failures, reason, failed_slot_ms: slot_ms };
  if (failures < FAILURES_TO_OPEN) return { ...failed, probe_slot_ms: null, pause_ms: 0 };
  const pause_ms = Math.min(LONGEST_PAUSE_MS, breaker.pause_ms === 0 ? FIRST_PAUSE_MS : breaker.pause_ms * 2);
  return { ...failed, probe_slot_ms: slot_ms + pause_ms, pause_ms };
}
