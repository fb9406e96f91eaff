import type { City } from './city.ts';
import type { Random } from './random.ts';
import { nextLocal } from './rhythm.ts';
import { BIKE_KINDS, type BikeKind, type Maintenance, type StationState } from './station.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How often something happens: once in so many days at each station. */
const MAINTENANCE_DAYS = 120;
const REBUILDING_DAYS = 300;
const LOCKED_AT = 23;
const UNLOCKED_AT = 5;
const MAINTENANCES: readonly Maintenance[] = ['returns_only', 'returns_only', 'closed', 'removed'];
const STATIONS_TRIED = 20;

/** What the operator does: locks parks at night, closes stations for maintenance, adds docks, repairs bikes. */
export function startUpkeep(city: City, random: Random): void {
  for (const state of city.stations) {
    if (state.station.closes_at_night) lockAtNight(city, state);
    for (const kind of BIKE_KINDS) for (let i = 0; i < state.broken[kind]; i++) collectLater(city, state, kind, random);
  }
  nowAndThen(city, random, MAINTENANCE_DAYS, (state, now_ms) => {
    if (state.maintenance !== null) return;
    change(city, state, { maintenance: random.of(MAINTENANCES) });
    city.timeline.schedule(now_ms + random.between(1, 8) * HOUR_MS, () => change(city, state, { maintenance: null }));
  });
  nowAndThen(city, random, REBUILDING_DAYS, (state, now_ms) => {
    state.docks += 2 + random.below(4);
    state.rebuilt_ms = now_ms;
    state.changed_ms = now_ms; // more docks are free
  });
}

/** A broken bike goes to the workshop after some hours, and days later to a station that has room. */
export function collectLater(city: City, state: StationState, kind: BikeKind, random: Random): void {
  const now_ms = city.timeline.now_ms;
  city.timeline.schedule(now_ms + random.between(3, 36) * HOUR_MS, (collected_ms) => {
    city.collectFrom(state, kind);
    city.timeline.schedule(collected_ms + random.between(12, 60) * HOUR_MS, () => bringBack(city, kind, random));
  });
}

function bringBack(city: City, kind: BikeKind, random: Random): void {
  for (let i = 0; i < STATIONS_TRIED; i++) {
    const state = city.at(random.below(city.stations.length));
    if (!city.hasRoom(state)) continue;
    city.in_workshop--;
    city.bringTo(state, kind, 'brought');
    return;
  }
  city.timeline.schedule(city.timeline.now_ms + HOUR_MS, () => bringBack(city, kind, random));
}

function lockAtNight(city: City, state: StationState): void {
  const lock = (now_ms: number): void => {
    change(city, state, { locked_for_night: true });
    city.timeline.schedule(nextLocal(UNLOCKED_AT, now_ms), unlock);
  };
  const unlock = (now_ms: number): void => {
    change(city, state, { locked_for_night: false });
    city.timeline.schedule(nextLocal(LOCKED_AT, now_ms), lock);
  };
  city.timeline.schedule(nextLocal(LOCKED_AT, city.timeline.now_ms), lock);
}

function nowAndThen(
  city: City,
  random: Random,
  days: number,
  act: (state: StationState, now_ms: number) => void,
): void {
  const wait = (now_ms: number): void =>
    city.timeline.schedule(now_ms + random.exponential((days * DAY_MS) / city.stations.length), (time_ms) => {
      act(city.at(random.below(city.stations.length)), time_ms);
      wait(time_ms);
    });
  wait(city.timeline.now_ms);
}

function change(
  city: City,
  state: StationState,
  to: Partial<Pick<StationState, 'maintenance' | 'locked_for_night'>>,
): void {
  Object.assign(state, to);
  state.changed_ms = city.timeline.now_ms;
}
