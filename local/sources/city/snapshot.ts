import type { City } from './city.ts';
import type { Station } from './layout.ts';
import { availableAt, type BikeKind, bikesAt, brokenAt, isInstalled, isRenting, isReturning } from './station.ts';

/** A station as the feeds show it, before a format gives it names. */
export interface StationSnapshot {
  readonly station: Station;
  /** Docks as built by now. */
  readonly docks: number;
  readonly bikes: number;
  readonly by_kind: Readonly<Record<BikeKind, number>>;
  readonly broken: number;
  readonly free_docks: number;
  readonly is_installed: boolean;
  readonly is_renting: boolean;
  readonly is_returning: boolean;
  /** When its state changed last; null where the feed doesn't say. */
  readonly changed_ms: number | null;
}

export interface Snapshot {
  /** What the feeds are showing: the state at this time. */
  readonly time_ms: number;
  /** The newest change of a station's state, and of its docks. */
  readonly changed_ms: number;
  readonly rebuilt_ms: number;
  readonly stations: readonly StationSnapshot[];
}

/** The city at the time it has reached. */
export function snapshotOf(city: City): Snapshot {
  return {
    time_ms: city.timeline.now_ms,
    changed_ms: newest(city.stations.map((s) => s.changed_ms)),
    rebuilt_ms: newest(city.stations.map((s) => s.rebuilt_ms)),
    stations: city.stations.map((state) => ({
      station: state.station,
      docks: state.docks,
      bikes: availableAt(state),
      by_kind: { ...state.available },
      broken: brokenAt(state),
      free_docks: Math.max(0, state.docks - bikesAt(state)),
      is_installed: isInstalled(state),
      is_renting: isRenting(state),
      is_returning: isReturning(state),
      changed_ms: state.changed_ms,
    })),
  };
}

const newest = (times_ms: readonly number[]): number => times_ms.reduce((a, b) => Math.max(a, b), 0);
