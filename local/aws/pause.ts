import { setTimeout as realSleep } from 'node:timers/promises';
import type { VirtualClock } from '../clock.ts';

/** A driven clock may stand still while someone waits for this very work: there, a pause is as long as this in real time. */
const DRIVEN_PAUSE_MS = 20;

/** Waits before something is tried again: virtual time on a clock that runs. Ends early when the signal is aborted. */
export async function pause(clock: VirtualClock, ms: number, signal: AbortSignal): Promise<void> {
  if (clock.speed > 0) return clock.sleep(ms, signal);
  await realSleep(Math.min(ms, DRIVEN_PAUSE_MS), undefined, { signal }).catch(() => undefined);
}

const LOOK_EVERY_MS = 5;

/** Resolves once nothing is left, or the signal is aborted. */
export async function untilNone(left: () => number, signal: AbortSignal): Promise<void> {
  while (left() > 0 && !signal.aborted) await realSleep(LOOK_EVERY_MS);
}
