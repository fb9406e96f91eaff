const MINUTE_MS = 60_000;
/** As long as the longest alarm looks back, and more: two days of minutes. */
const KEPT_MINUTES = 48 * 60;

/** What makes a metric: two with other dimensions are two metrics (CloudWatch user guide, "Dimensions"). */
export interface MetricId {
  readonly namespace: string;
  readonly name: string;
  /** Name → value. */
  readonly dimensions: Readonly<Record<string, string>>;
}

/** The values of a metric in some span of time, as CloudWatch keeps them. */
export interface Statistics {
  sum: number;
  count: number;
  minimum: number;
  maximum: number;
}

/** While it lives, a metric has so many values of 1 in each minute: what a service measures by itself, such as its own polling. */
interface Beat {
  readonly from_ms: number;
  until_ms: number;
  readonly per_minute: number;
}

/** A metric's values by the minute. The minutes that came first leave when there are more than two days of them. */
export class Series {
  readonly id: MetricId;
  readonly #minutes = new Map<number, Statistics>();
  readonly #beats: Beat[] = [];

  constructor(id: MetricId) {
    this.id = id;
  }

  add(value: number, time_ms: number): void {
    this.merge({ sum: value, count: 1, minimum: value, maximum: value }, time_ms);
  }

  merge(statistics: Statistics, time_ms: number): void {
    const minute = Math.floor(time_ms / MINUTE_MS);
    const there = this.#minutes.get(minute);
    if (there) addTo(there, statistics);
    else this.#minutes.set(minute, { ...statistics });
    if (this.#minutes.size > KEPT_MINUTES) this.#minutes.delete(this.#minutes.keys().next().value ?? minute);
  }

  /** Answers how it ends, at a time. */
  beat(from_ms: number, per_minute: number): (until_ms: number) => void {
    const beat: Beat = { from_ms, until_ms: Number.POSITIVE_INFINITY, per_minute };
    this.#beats.push(beat);
    return (until_ms) => {
      beat.until_ms = until_ms;
    };
  }

  /** What lies in the whole minutes of [from_ms, to_ms); null where there is no value. */
  between(from_ms: number, to_ms: number): Statistics | null {
    let found: Statistics | null = null;
    for (let minute = Math.floor(from_ms / MINUTE_MS); minute * MINUTE_MS < to_ms; minute += 1) {
      for (const part of [this.#minutes.get(minute), this.#beaten(minute)]) {
        if (part === undefined) continue;
        if (found === null) found = { ...part };
        else addTo(found, part);
      }
    }
    return found;
  }

  #beaten(minute: number): Statistics | undefined {
    const [from_ms, to_ms] = [minute * MINUTE_MS, (minute + 1) * MINUTE_MS];
    const count = this.#beats
      .filter((beat) => beat.from_ms < to_ms && beat.until_ms > from_ms)
      .reduce((sum, { per_minute }) => sum + per_minute, 0);
    return count === 0 ? undefined : { sum: count, count, minimum: 1, maximum: 1 };
  }
}

function addTo(there: Statistics, more: Statistics): void {
  there.sum += more.sum;
  there.count += more.count;
  there.minimum = Math.min(there.minimum, more.minimum);
  there.maximum = Math.max(there.maximum, more.maximum);
}
