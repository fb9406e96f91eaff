import { type PlannableSystem, planOf } from '../../lib/poll/plan.ts';

/** What is polled, as the plan lays it out. */
export interface Scenario {
  readonly title: string;
  readonly systems: number;
  readonly stations: number;
  /** Of Seoul's server. */
  readonly seoul_stations: number;
  readonly interval_s: number;
  readonly groups: number;
  /** How many GBFS systems each group polls. */
  readonly group_feeds: readonly number[];
  readonly lanes: number;
}

/** Mean of the public systems that have stations (226,946 in 1,504). */
const STATIONS_OF_A_SYSTEM = 151;

/** Plans systems as `npm run plan` does, and counts. */
function scenarioOf(title: string, systems: readonly PlannableSystem[]): Scenario {
  const { groups } = planOf(systems);
  const [interval_s = 60] = systems.map((system) => system.interval_s);
  return {
    title,
    systems: systems.length,
    stations: systems.reduce((sum, { stations }) => sum + (stations ?? STATIONS_OF_A_SYSTEM), 0),
    seoul_stations: systems
      .filter(({ kind }) => kind === 'seoul')
      .reduce((sum, { stations }) => sum + (stations ?? STATIONS_OF_A_SYSTEM), 0),
    interval_s,
    groups: groups.length,
    group_feeds: groups.map((group) => group.systems.filter(({ kind }) => kind === 'gbfs').length),
    lanes: new Set(groups.flatMap((group) => group.systems.flatMap(({ lanes }) => lanes))).size,
  };
}

/** Seoul alone, which is what the packaged plan is about. */
export const seoul = (stations = 2_800, interval_s = 60): Scenario =>
  scenarioOf(`Seoul, ${stations.toLocaleString('en')} stations`, [system('seoul', 'seoul', stations, interval_s, 0)]);

/** Systems of GBFS, of which some are large as in the world: three of some 13,000 stations in 1,500, the others alike. */
export function gbfs(count: number, interval_s = 60, stations = count * STATIONS_OF_A_SYSTEM): Scenario {
  const large = Math.floor(count / 500);
  const large_stations = Math.min(13_000, Math.floor(stations / (2 * Math.max(1, large))));
  const rest = Math.max(0, stations - large * large_stations);
  const others = count - large;
  const title = `${count.toLocaleString('en')} systems, ${stations.toLocaleString('en')} stations`;
  return scenarioOf(
    title,
    Array.from({ length: count }, (_, n) => {
      // the first of the others have one more, so that the sum is what was asked for
      const own = n < large ? large_stations : Math.floor(rest / others) + (n - large < rest % others ? 1 : 0);
      return system(`system_${n}`, 'gbfs', own, interval_s, n);
    }),
  );
}

/** Every public system that has stations, polled every minute. */
export const world = (interval_s = 60): Scenario => gbfs(1_500, interval_s, 227_000);

const system = (
  system_id: string,
  kind: 'seoul' | 'gbfs',
  stations: number,
  interval_s: number,
  host: number,
): PlannableSystem => ({
  system_id,
  kind,
  url: `https://host-${host}.example/gbfs.json`,
  interval_s,
  time_zone: 'UTC',
  stations,
});
