/**
 * The clock of the embedded AWS. `speed` virtual ms pass per real ms; a driven clock (speed 0) moves only by `advanceTo`.
 * Its state lies in shared memory, so that the threads that run functions read the same time (`attachClock`).
 */
export interface Clock {
  /** Virtual time, UTC epoch ms. */
  now(): number;
  /** Resolves once `ms` of virtual time have passed, or the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

const VIRTUAL = 0;
const REAL = 1;
const SPEED = 2;

/** Virtual time read from the shared memory of a VirtualClock; for another thread. */
export function attachClock(memory: SharedArrayBuffer, realNow: () => number): () => number {
  const f = new Float64Array(memory);
  return () => Math.floor((f[VIRTUAL] ?? 0) + (realNow() - (f[REAL] ?? 0)) * (f[SPEED] ?? 1));
}

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

export class VirtualClock implements Clock {
  readonly memory = new SharedArrayBuffer(3 * Float64Array.BYTES_PER_ELEMENT);
  readonly #f = new Float64Array(this.memory);
  readonly #read: () => number;
  readonly #sleepers = new Set<Sleeper>();
  #timer: NodeJS.Timeout | undefined;

  /** Starts at `start_ms`. speed 1: real time; 60: a minute a second; 0: driven. */
  constructor(start_ms: number, speed: number) {
    this.#read = attachClock(this.memory, Date.now);
    this.#set(start_ms, speed);
  }

  #set(now_ms: number, speed: number): void {
    this.#f[VIRTUAL] = now_ms;
    this.#f[REAL] = Date.now();
    this.#f[SPEED] = speed;
    this.#schedule();
  }

  now(): number {
    return this.#read();
  }

  get speed(): number {
    return this.#f[SPEED] ?? 1;
  }

  /** Moves the clock forward to `time_ms` (never back); who sleeps until then or before is woken. */
  advanceTo(time_ms: number): void {
    if (time_ms > this.now()) this.#set(time_ms, this.speed);
    this.#wake();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper: Sleeper = {
        until: this.now() + ms,
        wake: () => {
          this.#sleepers.delete(sleeper);
          if (this.#sleepers.size === 0) clearTimeout(this.#timer); // or it keeps the process until the time of one that is gone
          signal?.removeEventListener('abort', sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', sleeper.wake);
      this.#schedule();
    });
  }

  #wake(): void {
    const now = this.now();
    for (const sleeper of [...this.#sleepers]) if (sleeper.until <= now) sleeper.wake();
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#sleepers.size === 0 || this.speed === 0) return;
    const next = Math.min(...[...this.#sleepers].map((s) => s.until));
    const real_ms = Math.max(0, (next - this.now()) / this.speed);
    this.#timer = setTimeout(() => this.#wake(), Math.min(real_ms + 1, 2 ** 31 - 1));
  }
}
