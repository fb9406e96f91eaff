import { isDeepStrictEqual } from 'node:util';
import { FatalError, TransientError } from '../lib/errors.ts';
import type { Plan } from '../lib/poll/plan.ts';
import type { LanePlan } from '../lib/poll/plan-lanes.ts';
import { lanesOf, withLanes } from '../lib/poll/plan-relane.ts';
import { foldNewestFolder, type LogStore, logKey } from '../lib/silver/log.ts';
import { decodeObject, encodeObject } from '../lib/silver/object.ts';
import { type CarryOver, carryOvers, type Move } from '../lib/silver/relane.ts';
import { FIRST_DATE, type LaneState, systemKey } from '../lib/silver/state.ts';
import type { Outcome } from './command.ts';
import type { Rest } from './stream-rest.ts';

export interface RelanePorts {
  readonly log: LogStore;
  readonly rest: Rest;
  /** Replaces the plan that is polled by. */
  readonly writePlan: (plan: Plan) => Promise<void>;
  /** Lets old lanes come to rest, where that can be done from here; false: it can't. */
  readonly drain: () => Promise<boolean>;
}

const NOTHING: Outcome = { counts: { systems_moved: 0 }, notes: [], dirty: [] };
const PUT_ATTEMPTS = 5;

/**
 * Moves systems to lanes that have no chain yet. Effects: for each new lane its first object, if absent, and read again; then the plan.
 * Delivery guarantee: the plan is written last, so polls go on in the old lanes until every new one has its state; ended before and run again,
 * the objects are found as they are. Throws FatalError `lanes_not_at_rest`, `lane_in_use`; TransientError `put_unknown`.
 */
export async function relaneLake(plan: Plan, moves: LanePlan, ports: RelanePorts, dry_run: boolean): Promise<Outcome> {
  const before = lanesOf(plan);
  const open = [...moves]
    .map(([system_id, to]): Move => ({ system_id, from: before.get(system_id) ?? [], to }))
    .filter(({ from, to }) => !isDeepStrictEqual(from, to));
  if (open.length === 0) return NOTHING;
  refuseSharing(plan, open);
  const old = [...new Set(open.flatMap((move) => move.from))];
  const carried = carryOvers(open, await restingStates(old, ports, dry_run));
  for (const carry of carried) await refuseOther(carry, ports.log);
  if (!dry_run) {
    for (const carry of carried) await begin(carry, ports.log);
    await ports.writePlan(withLanes(plan, moves));
  }
  const rows = carried.flatMap(({ before: state }) => [...state.stations.values()].map((stations) => stations.size));
  return {
    counts: {
      systems_moved: open.length,
      lanes_left: old.length,
      lanes_begun: carried.length,
      station_rows_carried: rows.reduce((a, b) => a + b, 0),
    },
    notes: [],
    dirty: [],
    changed: true,
  };
}

/** How many stations of each system the chains of its lanes know. */
export async function countStations(plan: Plan, log: LogStore): Promise<Map<string, number>> {
  const states = new Map<string, LaneState>();
  const counts = new Map<string, number>();
  for (const [system_id, lanes] of lanesOf(plan)) {
    for (const lane of new Set(lanes)) {
      const state = states.get(lane) ?? (await foldNewestFolder(log, lane));
      states.set(lane, state);
      const stations = state.stations.get(systemKey(system_id, 'status'))?.size ?? 0;
      if (stations > 0) counts.set(system_id, (counts.get(system_id) ?? 0) + stations);
    }
  }
  return counts;
}

/** A lane belongs to those that move to it: what another system has in it would be carried over by nobody. */
function refuseSharing(plan: Plan, moves: readonly Move[]): void {
  const moved = new Set(moves.map((move) => move.system_id));
  const targets = new Set(moves.flatMap((move) => move.to));
  for (const [system_id, lanes] of lanesOf(plan)) {
    const shared = lanes.find((lane) => targets.has(lane));
    if (shared === undefined) continue;
    const whose = moved.has(system_id) ? 'is where it is now' : `is in use by ${system_id}`;
    throw new FatalError(
      'silver',
      'lane_in_use',
      `${system_id}: ${shared} ${whose}: a system moves to lanes that no one was in; name others`,
    );
  }
}

async function restingStates(
  lanes: readonly string[],
  ports: RelanePorts,
  dry_run: boolean,
): Promise<Map<string, LaneState>> {
  for (let attempt = 1; ; attempt++) {
    const states = new Map<string, LaneState>();
    for (const lane of lanes) states.set(lane, await foldNewestFolder(ports.log, lane));
    const open = await ports.rest.beyond(states);
    if (open.size === 0) return states;
    if (attempt === 1 && !dry_run && (await ports.drain())) continue;
    const list = [...open].map(([lane, records]) => `${lane} (${records} records)`).join(', ');
    throw new FatalError(
      'silver',
      'lanes_not_at_rest',
      `${list}: not consumed yet. Stop the schedules of the groups, wait, and run relane again (docs/runbooks/relane.md)`,
    );
  }
}

const firstKey = (lane: string): string => logKey(lane, FIRST_DATE, 1);
const bytesOf = ({ lane, turn, before }: CarryOver): Buffer => encodeObject(lane, 1, turn, before);

/** The chain must not be there, or be what this relane would begin: then an earlier attempt was ended half-way. */
async function refuseOther(carry: CarryOver, log: LogStore): Promise<void> {
  const keys = await log.keys(`log/lane=${carry.lane}/`);
  if (keys.length === 0) return;
  const isOwn = keys.length === 1 && keys[0] === firstKey(carry.lane) && (await isSame(carry, log));
  if (isOwn) return;
  throw new FatalError(
    'silver',
    'lane_in_use',
    `${carry.lane} has a chain already (${keys.length} objects), which can't be changed: name a lane that never was`,
  );
}

async function isSame(carry: CarryOver, log: LogStore): Promise<boolean> {
  return isDeepStrictEqual(await decodeObject(await log.get(firstKey(carry.lane))), await decodeObject(bytesOf(carry)));
}

async function begin(carry: CarryOver, log: LogStore): Promise<void> {
  const bytes = bytesOf(carry);
  for (let attempt = 1; attempt <= PUT_ATTEMPTS; attempt++) {
    if ((await log.put(firstKey(carry.lane), bytes)) === 'unknown') continue;
    if (await isSame(carry, log)) return;
    throw new FatalError(
      'silver',
      'lane_in_use',
      `${carry.lane} was begun by someone else meanwhile: name another lane`,
    );
  }
  throw new TransientError(
    'silver',
    'put_unknown',
    `the outcome of ${PUT_ATTEMPTS} puts of ${firstKey(carry.lane)} is unknown: run relane again`,
  );
}
