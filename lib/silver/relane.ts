import type { EventKind } from '../event.ts';
import { partOf } from '../stream/lane.ts';
import { compareSequence } from '../stream/record.ts';
import { emptyState, FIRST_DATE, type LaneState, type Origin, setRow, systemKey, type Turn } from './state.ts';

/** A system that is to go to other lanes: the lane of each part, before and after. The number of parts may differ. */
export interface Move {
  readonly system_id: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** How a lane's chain begins: a turn, which consumes no record, with the state that is carried over before it. */
export interface CarryOver {
  readonly lane: string;
  readonly before: LaneState;
  readonly turn: Turn;
}

const KINDS: readonly EventKind[] = ['status', 'information'];

/**
 * What the chains of the new lanes begin with: the last row of each station, in its new part, and the newest slot of each new part.
 * Where the number of parts stays, a part has the stations that it had, so its newest slot too. Else a new part has stations of all
 * old ones, and its newest slot is the newest of all: an event that is not newer than it comes late, as a whole, and settle brings it in. The
 * oldest would let it in as fresh although its station was seen unchanged after it: a change that never was.
 * `states`: of all old lanes, at rest.
 */
export function carryOvers(moves: readonly Move[], states: ReadonlyMap<string, LaneState>): CarryOver[] {
  const lanes = new Map<string, { before: LaneState; next_date: string; origins: Map<string, Origin> }>();
  for (const move of moves) {
    const old = [...new Set(move.from)].map((lane) => [lane, states.get(lane) ?? emptyState()] as const);
    for (const lane of new Set(move.to)) {
      const begun = lanes.get(lane) ?? {
        before: emptyState(),
        next_date: FIRST_DATE,
        origins: new Map<string, Origin>(),
      };
      lanes.set(lane, begun);
      for (const [left, state] of old) {
        if (state.date > begun.next_date) begun.next_date = state.date;
        const last_sequence = [...state.positions.values()].sort(compareSequence).at(-1) ?? null;
        begun.origins.set(`${left} ${move.system_id}`, { lane: left, system_id: move.system_id, last_sequence });
      }
    }
    for (const kind of KINDS) {
      carryNewest(move, kind, states, (lane) => lanes.get(lane)?.before);
      carryRows(
        move,
        kind,
        old.map(([, state]) => state),
        (lane) => lanes.get(lane)?.before,
      );
    }
  }
  return [...lanes].map(([lane, { before, next_date, origins }]) => ({
    lane,
    before,
    turn: { type: 'turn', next_date, origins: [...origins.values()] },
  }));
}

type StateOf = (lane: string) => LaneState | undefined;

function carryNewest(
  { system_id, from, to }: Move,
  kind: EventKind,
  states: ReadonlyMap<string, LaneState>,
  stateOf: StateOf,
): void {
  const newest = from.map((lane, part) => states.get(lane)?.newest.get(`${systemKey(system_id, kind)}/${part}`));
  const ofAll = Math.max(-Infinity, ...newest.map((slot_ms) => slot_ms ?? -Infinity));
  to.forEach((lane, part) => {
    const slot_ms = from.length === to.length ? newest[part] : ofAll;
    if (slot_ms !== undefined && slot_ms > -Infinity)
      stateOf(lane)?.newest.set(`${systemKey(system_id, kind)}/${part}`, slot_ms);
  });
}

function carryRows({ system_id, to }: Move, kind: EventKind, old: readonly LaneState[], stateOf: StateOf): void {
  for (const state of old) {
    for (const row of state.stations.get(systemKey(system_id, kind))?.values() ?? []) {
      const part = partOf(row.station_id, to.length);
      const begun = stateOf(to[part] ?? '');
      if (begun !== undefined) setRow(begun, { ...row, part });
    }
  }
}
