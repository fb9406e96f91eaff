import type { PlannableSystem } from './plan.ts';

/** What a lane should hold: about 3,000 stations make a checkpoint and a batch of a size that one invocation handles in a second. */
export const STATIONS_IN_LANE = 3_000;
/** What a part should hold at most: 500 lines of about 700 bytes are a chunk. */
export const STATIONS_IN_PART = 500;
/** For a system that nobody counted: the mean of the public systems that have stations (226,946 in 1,504; feeds.md §2.2). */
const STATIONS_UNKNOWN = 150;

/** The lanes of each system's parts, by system_id. */
export type LanePlan = ReadonlyMap<string, readonly string[]>;

/**
 * A lane for each part of each system. A lane belongs to one group, so that its systems share chunks; a large system lies over several,
 * many small ones in one. Systems in `kept` keep their lanes and so their number of parts, also when they have grown. New lanes are
 * numbered after those of `kept`, and after `after`.
 */
export function lanesFor(
  groups: readonly { readonly systems: readonly PlannableSystem[] }[],
  kept: ReadonlyMap<string, readonly string[]>,
  after = 0,
): LanePlan {
  const plan = new Map<string, readonly string[]>();
  let last = Math.max(after, ...[...kept.values()].flat().map(numberOf));
  for (const { systems } of groups) {
    const loads = new Map<string, number>();
    const place = (lane: string, stations: number) => loads.set(lane, (loads.get(lane) ?? 0) + stations);
    for (const { system_id, stations } of systems) {
      const lanes = kept.get(system_id);
      if (!lanes) continue;
      plan.set(system_id, lanes);
      for (const lane of lanes) place(lane, (stations ?? STATIONS_UNKNOWN) / lanes.length);
    }
    for (const { system_id, stations: counted } of systems.filter((s) => !kept.has(s.system_id))) {
      const stations = counted ?? STATIONS_UNKNOWN;
      const parts = Math.max(1, Math.ceil(stations / STATIONS_IN_PART));
      const lanes = Array.from({ length: parts }, () => {
        const roomy = [...loads].find(([, load]) => load + stations / parts <= STATIONS_IN_LANE)?.[0];
        const lane = roomy ?? laneName(++last);
        place(lane, stations / parts);
        return lane;
      });
      plan.set(system_id, lanes);
    }
  }
  return plan;
}

const laneName = (number: number): string => `lane-${String(number).padStart(3, '0')}`;
export const numberOf = (lane: string): number => Number(/^lane-(\d+)$/.exec(lane)?.[1] ?? 0);
