import type { FaultKind, Faults } from '../../local/aws/faults.ts';

/** Faults by script: the next call of a place that can do the kind meets it. What was met is remembered. */
export class ScriptedFaults implements Faults {
  readonly met: string[] = [];
  readonly #script: { place: string; kind: FaultKind }[] = [];

  at(place: string, ...kinds: FaultKind[]): this {
    this.#script.push(...kinds.map((kind) => ({ place, kind })));
    return this;
  }

  next<K extends FaultKind>(place: string, kinds: readonly K[]): K | null {
    const i = this.#script.findIndex((s) => s.place === place && (kinds as readonly FaultKind[]).includes(s.kind));
    if (i < 0) return null;
    const [step] = this.#script.splice(i, 1);
    this.met.push(`${place}:${step?.kind}`);
    return (step?.kind ?? null) as K | null;
  }
}
