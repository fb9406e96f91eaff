import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Plan, planOf } from '../lib/poll/plan.ts';
import { type CityServer, startCity } from '../local/sources/city/server.ts';

/** The feeds that the deployed functions poll: a simulated city on this machine, so that no rehearsal asks anything of an operator. */
export interface Feeds {
  readonly city: CityServer;
  readonly plan: Plan;
  /** Plan files: the first, and one in which a feed is polled every five minutes, so that a schedule goes and another comes. */
  readonly files: { readonly first: string; readonly changed: string };
}

const STATIONS = 120;

export async function startFeeds(dir: string): Promise<Feeds> {
  const city = await startCity({
    clock: { now: Date.now },
    seed: 5,
    stations: STATIONS,
    seoul_stations: STATIONS,
    faults: {},
  });
  const plan = planOf(city.systems);
  const rarer = city.systems.map((s) => (s.system_id === 'sim_gbfs30' ? { ...s, interval_s: 300 } : s));
  const write = (name: string, of: Plan): string => {
    const file = join(dir, name);
    writeFileSync(file, `${JSON.stringify(of, null, 2)}\n`);
    return file;
  };
  return {
    city,
    plan,
    files: { first: write('plan.json', plan), changed: write('plan-changed.json', planOf(rarer, plan)) },
  };
}
