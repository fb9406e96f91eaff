import { VirtualClock } from '../clock.ts';
import { startCity } from '../sources/city/server.ts';
import type { RunOptions } from './options.ts';
import type { Source } from './source.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The port that events/poll.json names; another one is taken when it isn't free. */
const CITY_PORT = 8010;

/**
 * The simulated city, as three feeds of the same stations. Its clock begins a day ago, at a full hour, or where the last run in
 * this folder ended, and goes `speed` times as fast as a real one.
 */
export async function citySource(options: RunOptions, last_ms: number | null): Promise<Source> {
  const start_ms = last_ms ?? Math.floor((Date.now() - DAY_MS) / HOUR_MS) * HOUR_MS;
  const clock = new VirtualClock(start_ms, options.speed);
  const city = await startCity({ clock, seed: 1, stations: 300, port: CITY_PORT });
  return {
    title: `a simulated city, ${city.systems.length} feeds on ${city.url}, its clock ${options.speed} times as fast`,
    systems: city.systems.map((s) => ({ ...s, interval_s: options.interval_s ?? s.interval_s })),
    clock,
    allowed_hosts: [new URL(city.url).host],
    seoul_key: city.seoulKey,
    drive: null,
    done: () => null,
    close: () => city.close(),
  };
}
