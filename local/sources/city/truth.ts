const HOUR_MS = 3_600_000;
/** Older hours are forgotten, so that a city can run for long. */
const HOURS_KEPT = 10 * 24;

/** How a bike came to a station or left it: with a rider, or with a truck or the workshop's van. */
export const MOVES = ['rentals', 'returns', 'taken', 'brought'] as const;
export type Move = (typeof MOVES)[number];

/** What really happened at a station in an hour (UTC epoch ms of its start): what a feed that is polled can't show whole. */
export type TruthHour = { readonly station: number; readonly hour_ms: number } & Readonly<Record<Move, number>>;

/** Counts every bike that came or left, by station and hour. Falls seen in a feed are at most rentals + taken, rises at most returns + brought. */
export class Truth {
  readonly #stations: number;
  readonly #hours = new Map<number, Uint32Array>();

  constructor(stations: number) {
    this.#stations = stations;
  }

  count(move: Move, station: number, time_ms: number): void {
    const hour_ms = Math.floor(time_ms / HOUR_MS) * HOUR_MS;
    let counts = this.#hours.get(hour_ms);
    if (!counts) {
      counts = new Uint32Array(this.#stations * MOVES.length);
      this.#hours.set(hour_ms, counts);
      const [oldest] = this.#hours.keys();
      if (this.#hours.size > HOURS_KEPT && oldest !== undefined) this.#hours.delete(oldest);
    }
    const at = station * MOVES.length + MOVES.indexOf(move);
    counts[at] = (counts[at] ?? 0) + 1;
  }

  /** The hours in which something happened. */
  rows(): TruthHour[] {
    return [...this.#hours].flatMap(([hour_ms, counts]) =>
      Array.from({ length: this.#stations }, (_, station) => {
        const [rentals = 0, returns = 0, taken = 0, brought = 0] = counts.subarray(station * 4, station * 4 + 4);
        return { station, hour_ms, rentals, returns, taken, brought };
      }).filter((row) => MOVES.some((move) => row[move] > 0)),
    );
  }
}
