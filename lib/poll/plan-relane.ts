import type { Group, Plan } from './plan.ts';
import { type LanePlan, lanesFor, numberOf } from './plan-lanes.ts';

/** The plan with other lanes for some systems: system_id → the lane of each part. Nothing else of it changes. */
export function withLanes(plan: Plan, moves: LanePlan): Plan {
  return {
    ...plan,
    groups: plan.groups.map((group) => ({
      ...group,
      systems: group.systems.map((system) => ({ ...system, lanes: moves.get(system.system_id) ?? system.lanes })),
    })),
  };
}

/**
 * The moves that bring each group to the lanes that it would have if it were planned today: by how many stations there are now, in
 * lanes with new names. Groups whose systems lie together and are divided as they would be then stay where they are.
 */
export function replanned(plan: Plan, stations: ReadonlyMap<string, number>): LanePlan {
  const moves = new Map<string, readonly string[]>();
  let last = Math.max(0, ...plan.groups.flatMap((g) => g.systems.flatMap((s) => s.lanes.map(numberOf))));
  for (const group of plan.groups) {
    const systems = group.systems.map((s) => ({ ...s, stations: stations.get(s.system_id) ?? null }));
    const lanes = lanesFor([{ systems }], new Map(), last);
    if (shapeOf(group.systems.map((s) => s.lanes)) === shapeOf(group.systems.map((s) => lanes.get(s.system_id) ?? [])))
      continue;
    for (const [system_id, own] of lanes) moves.set(system_id, own);
    last = Math.max(last, ...[...lanes.values()].flat().map(numberOf));
  }
  return moves;
}

/** Which parts lie together, whatever the names of the lanes are. */
function shapeOf(lanes: readonly (readonly string[])[]): string {
  const numbers = new Map<string, number>();
  const numbered = (lane: string): number => {
    const number = numbers.get(lane) ?? numbers.size;
    numbers.set(lane, number);
    return number;
  };
  return JSON.stringify(lanes.map((own) => own.map(numbered)));
}

/** The lanes of all systems of a plan. */
export const lanesOf = ({ groups }: { readonly groups: readonly Group[] }): LanePlan =>
  new Map(groups.flatMap((g) => g.systems.map((s) => [s.system_id, s.lanes] as const)));
