/** What happens at a time. */
type Act = (now_ms: number) => void;

interface Entry {
  readonly at_ms: number;
  /** Ties go by the order of scheduling, so that a run doesn't depend on how the heap is shaped. */
  readonly order: number;
  readonly act: Act;
}

const isBefore = (a: Entry, b: Entry): boolean => a.at_ms < b.at_ms || (a.at_ms === b.at_ms && a.order < b.order);

/**
 * Discrete events in the order of their times (a binary heap). Its state at a time doesn't depend on how often it was advanced on
 * the way there. Times are UTC epoch ms.
 */
export class Timeline {
  #now_ms: number;
  #order = 0;
  readonly #heap: Entry[] = [];

  constructor(start_ms: number) {
    this.#now_ms = start_ms;
  }

  get now_ms(): number {
    return this.#now_ms;
  }

  /** A time that has passed means now. */
  schedule(at_ms: number, act: Act): void {
    const entry = { at_ms: Math.max(this.#now_ms, Math.ceil(at_ms)), order: this.#order++, act };
    const heap = this.#heap;
    let i = heap.length;
    while (i > 0) {
      const parent = heap[(i - 1) >> 1] as Entry;
      if (!isBefore(entry, parent)) break;
      heap[i] = parent;
      i = (i - 1) >> 1;
    }
    heap[i] = entry;
  }

  /** Everything up to and at `time_ms` happens. */
  advanceTo(time_ms: number): void {
    for (let first = this.#heap[0]; first && first.at_ms <= time_ms; first = this.#heap[0]) {
      this.#removeFirst();
      this.#now_ms = first.at_ms;
      first.act(first.at_ms);
    }
    this.#now_ms = Math.max(this.#now_ms, time_ms);
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const moved = heap.pop();
    if (!moved || heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      const right = heap[child + 1];
      if (right && isBefore(right, heap[child] as Entry)) child++;
      const next = heap[child];
      if (!next || !isBefore(next, moved)) break;
      heap[i] = next;
      i = child;
    }
    heap[i] = moved;
  }
}
