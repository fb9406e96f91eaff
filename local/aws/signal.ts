import type { Clock } from '../clock.ts';

/** Someone waits until something happened; what happens while nobody waits is not forgotten. One waiter at a time. */
export class Signal {
  #raised = false;
  #wake: (() => void) | undefined;

  raise(): void {
    this.#raised = true;
    this.#wake?.();
  }

  /** Resolves at the next raise, or at once if there was one since the last wait; with a clock also after `ms` of its time. */
  async wait(clock?: Clock, ms = 0): Promise<void> {
    if (!this.#raised) {
      const over = new AbortController();
      const raised = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await (clock ? Promise.race([raised, clock.sleep(ms, over.signal)]) : raised);
      over.abort();
    }
    this.#raised = false;
    this.#wake = undefined;
  }
}
