/** The embedded CloudWatch: the metrics of a run, in memory, by its virtual clock. */
import { type MetricId, Series } from './series.ts';

export class MetricStore {
  readonly #series = new Map<string, Series>();

  /** The metric, made at its first use; to be kept by who writes often. */
  series(id: MetricId): Series {
    const key = keyOf(id);
    const there = this.#series.get(key);
    if (there) return there;
    const made = new Series(id);
    this.#series.set(key, made);
    return made;
  }

  /** Undefined where nothing was ever written. */
  find(id: MetricId): Series | undefined {
    return this.#series.get(keyOf(id));
  }

  /** Every metric that was written. */
  ids(): MetricId[] {
    return [...this.#series.values()].map(({ id }) => id);
  }
}

const keyOf = ({ namespace, name, dimensions }: MetricId): string =>
  JSON.stringify([namespace, name, Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))]);
