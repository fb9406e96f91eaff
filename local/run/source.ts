import type { Plan, PlannableSystem } from '../../lib/poll/plan.ts';
import type { VirtualClock } from '../clock.ts';

/** Invokes a function of the embedded AWS and waits for its answer. */
export type Invoke = (name: string, payload: unknown) => Promise<unknown>;

/** What a run polls: the simulated city, recordings, or a live feed. */
export interface Source {
  /** One line for the terminal. */
  readonly title: string;
  readonly systems: readonly PlannableSystem[];
  readonly clock: VirtualClock;
  /** `host:port` of this machine that the poll function may connect to. */
  readonly allowed_hosts: readonly string[];
  /** The Seoul key, where the source needs one. */
  readonly seoul_key: string | null;
  /**
   * Polls by itself instead of by schedules, until it is through or the signal is aborted (a replay).
   * `ready` is awaited before each poll, so that what the stream holds stays bounded.
   */
  readonly drive:
    | ((plan: Plan, invoke: Invoke, ready: () => Promise<void>, signal: AbortSignal) => Promise<void>)
    | null;
  /** Share of the source that is through, 0 to 1; null where it has no end. */
  done(): number | null;
  close(): Promise<void>;
}
