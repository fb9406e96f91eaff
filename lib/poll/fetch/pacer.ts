import type { Timer } from './retry.ts';

/** How many requests are in flight, and how soon one host is asked again. */
export interface Pace {
  readonly in_flight: number;
  readonly in_flight_per_host: number;
  /** Least time between the starts of two requests to one host. */
  readonly gap_ms: number;
  /** The gap for a host that has answered 429: "maximum admitted 1 per second" is what such hosts say. */
  readonly slow_gap_ms: number;
}

export const PACE: Pace = { in_flight: 8, in_flight_per_host: 4, gap_ms: 50, slow_gap_ms: 1_000 };

interface Waiting {
  readonly host: string;
  readonly is_urgent: boolean;
  readonly start: () => void;
}

interface Host {
  in_flight: number;
  next_start_ms: number;
  gap_ms: number;
}

/** Starts requests in turn, urgent ones first, as the pace allows. A host that is slow or spaced out doesn't hold up the others. */
export class Pacer {
  readonly #timer: Timer;
  readonly #pace: Pace;
  readonly #hosts = new Map<string, Host>();
  #waiting: Waiting[] = [];
  #in_flight = 0;
  #wakes_at_ms = Number.POSITIVE_INFINITY;

  constructor(timer: Timer, pace: Pace = PACE) {
    this.#timer = timer;
    this.#pace = pace;
  }

  /** Runs the request when its turn comes. */
  async run<T>(host: string, is_urgent: boolean, request: () => Promise<T>): Promise<T> {
    await new Promise<void>((start) => {
      this.#waiting.push({ host, is_urgent, start });
      this.#startWhatMay();
    });
    try {
      return await request();
    } finally {
      this.#in_flight--;
      this.#host(host).in_flight--;
      this.#startWhatMay();
    }
  }

  /** From now on the host is asked seldom. */
  slowDown(host: string): void {
    const state = this.#host(host);
    state.gap_ms = this.#pace.slow_gap_ms;
    state.next_start_ms = Math.max(state.next_start_ms, this.#timer.now_ms() + state.gap_ms);
  }

  #host(name: string): Host {
    const host = this.#hosts.get(name) ?? { in_flight: 0, next_start_ms: 0, gap_ms: this.#pace.gap_ms };
    this.#hosts.set(name, host);
    return host;
  }

  #startWhatMay(): void {
    const now_ms = this.#timer.now_ms();
    for (const is_urgent of [true, false]) {
      for (const waiting of this.#waiting.filter((w) => w.is_urgent === is_urgent)) {
        if (this.#in_flight >= this.#pace.in_flight) return;
        const host = this.#host(waiting.host);
        if (host.in_flight >= this.#pace.in_flight_per_host) continue;
        if (host.next_start_ms > now_ms) {
          this.#wakeAt(host.next_start_ms);
          continue;
        }
        this.#waiting = this.#waiting.filter((w) => w !== waiting);
        this.#in_flight++;
        host.in_flight++;
        host.next_start_ms = now_ms + host.gap_ms;
        waiting.start();
      }
    }
  }

  #wakeAt(time_ms: number): void {
    if (time_ms >= this.#wakes_at_ms) return;
    this.#wakes_at_ms = time_ms;
    void this.#timer.sleep(Math.max(0, time_ms - this.#timer.now_ms())).then(() => {
      if (this.#wakes_at_ms === time_ms) this.#wakes_at_ms = Number.POSITIVE_INFINITY;
      this.#startWhatMay();
    });
  }
}
