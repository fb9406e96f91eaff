import type { PlannableSystem } from '../../lib/poll/plan.ts';
import { VirtualClock } from '../../local/clock.ts';
import { type CitySystem, startCity } from '../../local/sources/city/server.ts';

/** Feeds that stand for a kind of system, on a clock that the measurement drives. */
export interface Workload {
  readonly systems: readonly PlannableSystem[];
  readonly clock: VirtualClock;
  readonly allowed_hosts: readonly string[];
  readonly seoul_key: string;
  /** Requests that the feeds have had so far. */
  readonly requests: () => number;
  /** Makes the feeds show what they show at the clock's time. */
  readonly show: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What is measured, by name: which feeds of simulated cities, and how many stations each. */
export const WORKLOADS = {
  /** Seoul's open data server: one system, its stations in three pages. */
  seoul: { kind: 'sim_seoul', cities: 1, stations: 2800 },
  /** A large GBFS system. */
  large: { kind: 'sim_gbfs23', cities: 1, stations: 2800 },
  /** A poll group full of systems of the usual size. */
  small: { kind: 'sim_gbfs23', cities: 64, stations: 150 },
  /** One system that is hardly there: what a poll costs by itself. */
  tiny: { kind: 'sim_gbfs23', cities: 1, stations: 20 },
} as const;
export type WorkloadName = keyof typeof WORKLOADS;

/** Stations of the feed that isn't asked for. */
const UNUSED = 2;

/** Simulated cities without faults; every one has feeds, seeds and bikes of its own. */
export async function cityWorkload(name: WorkloadName, from_ms: number): Promise<Workload> {
  const { kind, cities, stations } = WORKLOADS[name];
  const clock = new VirtualClock(from_ms, 0);
  const isSeoul = kind === 'sim_seoul';
  const sizes = { stations: isSeoul ? UNUSED : stations, seoul_stations: isSeoul ? stations : UNUSED };
  const servers = await Promise.all(
    Array.from({ length: cities }, (_, n) => startCity({ clock, seed: n + 1, ...sizes, faults: {} })),
  );
  return {
    systems: servers.map(({ systems }, n) => {
      const system = systems.find(({ system_id }) => system_id === kind) as CitySystem;
      return { ...system, system_id: cities === 1 ? system.system_id : `${system.system_id}_${n + 1}` };
    }),
    clock,
    allowed_hosts: servers.map(({ url }) => new URL(url).host),
    seoul_key: servers[0]?.seoulKey ?? '',
    requests: () => servers.reduce((sum, server) => sum + server.requests().total, 0),
    show: async () => undefined, // they read the clock
    close: async () => void (await Promise.all(servers.map((server) => server.close()))),
  };
}
