import { nameOf } from '../../template/attributes.ts';
import type { Resource } from '../../template/resolve.ts';
import { textOf } from '../../template/text.ts';
import { breachingOf, type MetricAlarm, nextEvaluation, pointsOf } from './alarm.ts';
import { parseRule, type Rule } from './composite.ts';
import { type AlarmState, stateOf } from './evaluation.ts';
import type { MetricStore } from './store.ts';

export interface CompositeAlarm {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly rule: Rule;
}

/** Throws an Error that names what of the rule isn't understood. */
export function toCompositeAlarm(resource: Resource): CompositeAlarm {
  const { id, properties: p } = resource;
  const named = { id, name: nameOf(resource), description: textOf(p.AlarmDescription) };
  return { ...named, rule: parseRule(textOf(p.AlarmRule)) };
}

export interface Transition {
  /** Of the evaluation: UTC epoch ms. */
  readonly at_ms: number;
  readonly name: string;
  readonly from: AlarmState;
  readonly to: AlarmState;
}

const MINUTE_MS = 60_000;
/** What is further behind than the metrics reach isn't evaluated. */
const FURTHEST_MS = 48 * 60 * MINUTE_MS;

/** The alarms of a template over the metrics of a run: evaluated minute by minute, as far as they are told. */
export class Alarms {
  readonly metric: readonly MetricAlarm[];
  readonly composite: readonly CompositeAlarm[];
  readonly #store: MetricStore;
  readonly #states = new Map<string, AlarmState>();
  readonly #history: Transition[] = [];
  #evaluated_ms: number;

  /** `from_ms`: when they were made. A new alarm has too few data. */
  constructor(
    store: MetricStore,
    alarms: { readonly metric: readonly MetricAlarm[]; readonly composite: readonly CompositeAlarm[] },
    from_ms: number,
  ) {
    this.#store = store;
    this.metric = alarms.metric;
    this.composite = alarms.composite;
    this.#evaluated_ms = from_ms;
  }

  state(name: string): AlarmState {
    return this.#states.get(name) ?? 'INSUFFICIENT_DATA';
  }

  /** Every change of a state since the alarms were made. */
  history(): readonly Transition[] {
    return this.#history;
  }

  /** Evaluates at every whole minute up to a time, and answers with what changed. */
  evaluateTo(time_ms: number): Transition[] {
    const known = this.#history.length;
    this.#evaluated_ms = Math.max(this.#evaluated_ms, time_ms - FURTHEST_MS);
    for (;;) {
      const at_ms = (Math.floor(this.#evaluated_ms / MINUTE_MS) + 1) * MINUTE_MS;
      if (at_ms > time_ms) break;
      for (const alarm of this.metric) {
        if (nextEvaluation(alarm, at_ms - 1) === at_ms) this.#change(alarm.name, this.#evaluate(alarm, at_ms), at_ms);
      }
      for (const { name, rule } of this.composite) {
        this.#change(name, rule.holds((n) => this.state(n)) ? 'ALARM' : 'OK', at_ms);
      }
      this.#evaluated_ms = at_ms;
    }
    return this.#history.slice(known);
  }

  #evaluate(alarm: MetricAlarm, at_ms: number): AlarmState {
    const points = breachingOf(alarm, pointsOf(alarm, this.#store, at_ms));
    return stateOf(points, alarm.evaluation, this.state(alarm.name));
  }

  #change(name: string, to: AlarmState, at_ms: number): void {
    const from = this.state(name);
    if (from === to) return;
    this.#states.set(name, to);
    this.#history.push({ at_ms, name, from, to });
  }
}
