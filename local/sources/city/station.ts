import type { Station } from './layout.ts';
import type { Random } from './random.ts';

export const BIKE_KINDS = ['classic', 'electric'] as const;
export type BikeKind = (typeof BIKE_KINDS)[number];
/** Why a station doesn't work: it takes bikes back but rents none, it does neither, or it isn't there. */
export type Maintenance = 'returns_only' | 'closed' | 'removed';

export interface StationState {
  readonly station: Station;
  readonly available: Record<BikeKind, number>;
  /** Broken bikes that stand in a dock. */
  readonly broken: Record<BikeKind, number>;
  docks: number;
  maintenance: Maintenance | null;
  locked_for_night: boolean;
  /** When anything but the docks changed last, and when the docks did. */
  changed_ms: number;
  rebuilt_ms: number;
}

const FILL = 0.5;
const ELECTRIC_SHARE = 0.35;
const BROKEN_SHARE = 0.015;

/** A station as it is when the city begins. */
export function opened(station: Station, start_ms: number, random: Random): StationState {
  const bikes = Math.min(station.docks, Math.max(0, Math.round(station.docks * (FILL + 0.2 * random.normal()))));
  const state: StationState = {
    station,
    available: { classic: 0, electric: 0 },
    broken: { classic: 0, electric: 0 },
    docks: station.docks,
    maintenance: null,
    locked_for_night: false,
    changed_ms: start_ms,
    rebuilt_ms: start_ms,
  };
  for (let i = 0; i < bikes; i++) {
    const kind = random.next() < ELECTRIC_SHARE ? 'electric' : 'classic';
    (random.next() < BROKEN_SHARE ? state.broken : state.available)[kind]++;
  }
  return state;
}

export const availableAt = (s: StationState): number => s.available.classic + s.available.electric;
export const brokenAt = (s: StationState): number => s.broken.classic + s.broken.electric;
export const bikesAt = (s: StationState): number => availableAt(s) + brokenAt(s);

export const isInstalled = (s: StationState): boolean => s.maintenance !== 'removed';
export const isRenting = (s: StationState): boolean => !s.locked_for_night && s.maintenance === null;
export const isReturning = (s: StationState): boolean =>
  !s.locked_for_night && (s.maintenance === null || s.maintenance === 'returns_only');
