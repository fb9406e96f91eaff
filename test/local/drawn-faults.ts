import type { FaultKind, Faults } from '../../local/aws/faults.ts';

/**
 * Faults in the order in which they are asked for: each question takes the next of the list, and gets it if the place can do it. After the list
 * nothing happens any more, so that whatever was attacked comes to its end. The disk has room.
 */
export class DrawnFaults implements Faults {
  readonly #list: (FaultKind | null)[];
  /** What was made to happen, with its place. */
  readonly injected: string[] = [];

  constructor(list: readonly (FaultKind | null)[]) {
    this.#list = [...list];
  }

  next<K extends FaultKind>(place: string, kinds: readonly K[]): K | null {
    if (place.startsWith('disk.')) return null;
    const drawn = this.#list.shift() ?? null;
    const kind = kinds.find((k) => k === drawn) ?? null;
    if (kind !== null) this.injected.push(`${place} ${kind}`);
    return kind;
  }
}

/** The same fault whenever a place can do it. */
export const always = (fault: FaultKind): Faults => ({
  next: (_, kinds) => kinds.find((kind) => kind === fault) ?? null,
});
