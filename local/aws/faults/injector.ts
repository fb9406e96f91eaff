import type { FaultKind, Faults } from '../faults.ts';
import { type Chance, seededChance } from '../seeded.ts';
import { type FaultSpec, fits, type Rule } from './spec.ts';

/** How often something was made to happen. */
export interface Injected {
  readonly place: string;
  readonly kind: FaultKind;
  readonly count: number;
}

/** A rate, and the kinds of a call that it is about. */
interface Share {
  readonly rate: number;
  readonly kinds: readonly FaultKind[];
}

/**
 * Faults by rule. The n-th call of a place always draws the same, whatever the other places do meanwhile: with a seed, a run is
 * repeated as far as the order of its calls is. A kind is governed by the last rate that fits it; a rule's rate is shared evenly by the
 * kinds that it governs at a call. Exact calls come before rates.
 */
export class FaultInjector implements Faults {
  readonly #spec: FaultSpec;
  readonly #calls = new Map<string, number>();
  readonly #shares = new Map<string, readonly Share[]>();
  readonly #fitted = new Map<Rule, number>();
  readonly #injected = new Map<string, Map<FaultKind, number>>();

  constructor(spec: FaultSpec) {
    this.#spec = spec;
  }

  next<K extends FaultKind>(place: string, kinds: readonly K[]): K | null {
    const call = (this.#calls.get(place) ?? 0) + 1;
    this.#calls.set(place, call);
    const chance = seededChance(hash(`${this.#spec.seed}/${place}/${call}`));
    const kind = this.#exact(place, kinds, chance) ?? this.#drawn(place, kinds, chance);
    if (kind !== null) {
      const counts = this.#injected.get(place) ?? new Map<FaultKind, number>();
      this.#injected.set(place, counts.set(kind, (counts.get(kind) ?? 0) + 1));
    }
    return kind as K | null;
  }

  /** What was injected, by place and kind in the order of their names. */
  injected(): Injected[] {
    return [...this.#injected]
      .flatMap(([place, kinds]) => [...kinds].map(([kind, count]) => ({ place, kind, count })))
      .sort((a, b) => (`${a.place}:${a.kind}` < `${b.place}:${b.kind}` ? -1 : 1));
  }

  /** Calls that could have gone wrong. */
  calls(): number {
    return [...this.#calls.values()].reduce((sum, calls) => sum + calls, 0);
  }

  /** Rules that no call has met, as they were written. */
  unmet(): string[] {
    return this.#spec.rules.filter((rule) => (this.#fitted.get(rule) ?? 0) === 0).map(({ text }) => text);
  }

  /** Each exact rule counts the calls that it fits; the n-th is hit. */
  #exact(place: string, kinds: readonly FaultKind[], chance: Chance): FaultKind | null {
    let hit: FaultKind | null = null;
    for (const rule of this.#spec.rules) {
      if (rule.nth === null) continue;
      const fitting = kinds.filter((kind) => fits(rule, place, kind));
      if (fitting.length > 0 && this.#count(rule) === rule.nth) hit = pick(fitting, chance);
    }
    return hit;
  }

  #drawn(place: string, kinds: readonly FaultKind[], chance: Chance): FaultKind | null {
    const key = `${place}:${kinds.join()}`;
    const shares = this.#shares.get(key) ?? this.#sharesOf(place, kinds);
    this.#shares.set(key, shares);
    for (const { rate, kinds: governed } of shares) if (chance() < rate) return pick(governed, chance);
    return null;
  }

  #sharesOf(place: string, kinds: readonly FaultKind[]): Share[] {
    const rates = this.#spec.rules.filter(({ rate }) => rate !== null).reverse();
    const governed = Map.groupBy(kinds, (kind) => rates.find((rule) => fits(rule, place, kind)));
    return rates.flatMap((rule) => {
      const own = governed.get(rule);
      if (own) this.#count(rule);
      return own ? [{ rate: rule.rate ?? 0, kinds: own }] : [];
    });
  }

  #count(rule: Rule): number {
    const count = (this.#fitted.get(rule) ?? 0) + 1;
    this.#fitted.set(rule, count);
    return count;
  }
}

const pick = (kinds: readonly FaultKind[], chance: Chance): FaultKind | null =>
  kinds[Math.floor(chance() * kinds.length)] ?? null;

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
