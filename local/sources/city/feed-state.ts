import type { City } from './city.ts';
import { damaged, type Fault, type FaultRates, isDue } from './faults.ts';
import { chance } from './random.ts';
import { type Snapshot, snapshotOf } from './snapshot.ts';

const MINUTE_MS = 60_000;
/** Requests in a row that fail with a server error: so many that trying again doesn't help, or only the first. */
const LONG_ERROR = 8;
const LONG_ERROR_SHARE = 0.4;

/** What one feed of the city shows, minute by minute, with its faults. */
export class FeedState {
  readonly #city: City;
  readonly #rates: FaultRates;
  /** Tells this feed's faults from those of another feed of the same city. */
  readonly #feed: number;
  readonly #count: (fault: Fault) => void;
  #minute_ms = Number.NEGATIVE_INFINITY;
  #shown: Snapshot | null = null;
  #refused_minute_ms = Number.NEGATIVE_INFINITY;
  #refusals: Fault[] = [];

  constructor(city: City, rates: FaultRates, feed: number, count: (fault: Fault) => void) {
    this.#city = city;
    this.#rates = rates;
    this.#feed = feed;
    this.#count = count;
  }

  /** The state at the last full minute, as the feed shows it: the same object for as long as it shows the same. */
  snapshot(now_ms: number): Snapshot {
    const minute_ms = Math.floor(now_ms / MINUTE_MS) * MINUTE_MS;
    if (this.#shown && minute_ms <= this.#minute_ms) return this.#shown;
    this.#minute_ms = minute_ms;
    if (this.#shown && this.#isDue('stale', minute_ms)) {
      this.#count('stale');
      return this.#shown;
    }
    this.#city.advanceTo(minute_ms);
    const { snapshot, faults } = damaged(snapshotOf(this.#city), this.#rates, this.#city.options.seed, this.#feed);
    for (const fault of faults) this.#count(fault);
    this.#shown = snapshot;
    return snapshot;
  }

  /** The fault of the server itself that this request meets; null mostly. */
  refusal(now_ms: number): Fault | null {
    const minute_ms = Math.floor(now_ms / MINUTE_MS) * MINUTE_MS;
    if (minute_ms !== this.#refused_minute_ms) {
      this.#refused_minute_ms = minute_ms;
      this.#refusals = this.#refusalsOf(minute_ms);
    }
    const fault = this.#refusals.pop() ?? null;
    if (fault) this.#count(fault);
    return fault;
  }

  #refusalsOf(minute_ms: number): Fault[] {
    if (this.#isDue('too_many_requests', minute_ms)) return ['too_many_requests'];
    if (!this.#isDue('server_error', minute_ms)) return [];
    const is_long = chance(this.#city.options.seed, this.#feed, minute_ms / MINUTE_MS) < LONG_ERROR_SHARE;
    return new Array<Fault>(is_long ? LONG_ERROR : 1).fill('server_error');
  }

  #isDue(fault: Fault, time_ms: number): boolean {
    return isDue(fault, this.#rates, this.#city.options.seed, this.#feed, time_ms);
  }
}
