import type { City } from './city.ts';
import type { Random } from './random.ts';
import { nextLocal } from './rhythm.ts';
import { availableAt, BIKE_KINDS, type BikeKind, bikesAt, isReturning, type StationState } from './station.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const STATIONS_PER_TRUCK = 100;
const SHIFT_BEGINS = 6;
const SHIFT_MS = 16 * HOUR_MS;
const LOAD = 14;
/** A crew doesn't know the whole city: it looks at so many stations and goes to the one that needs it most. */
const LOOKED_AT = 30;
const TOO_FULL = 0.8;
const TOO_EMPTY = 0.25;
const AFTER_LOADING = 0.5;
const AFTER_UNLOADING = 0.5;

/** Trucks take bikes from full stations to empty ones, in a shift from morning to night; what is on a truck at its end stays there. */
export function startTrucks(city: City, random: Random): void {
  for (let i = 0; i < Math.ceil(city.stations.length / STATIONS_PER_TRUCK); i++) {
    startTruck(city, random, city.timeline.now_ms + i * 5 * MINUTE_MS);
  }
}

function startTruck(city: City, random: Random, begins_ms: number): void {
  const load: BikeKind[] = [];

  const stop = (now_ms: number): void => {
    const shift_ms = nextLocal(SHIFT_BEGINS, now_ms) - 24 * HOUR_MS;
    if (now_ms - shift_ms >= SHIFT_MS) {
      city.timeline.schedule(shift_ms + 24 * HOUR_MS, stop);
      return;
    }
    if (load.length === 0) loadAt(lookedFor((a, b) => fullness(a) > fullness(b)));
    else unloadAt(lookedFor((a, b) => fullness(a) < fullness(b)));
    city.timeline.schedule(now_ms + random.between(12, 30) * MINUTE_MS, stop);
  };

  const lookedFor = (isBetter: (a: StationState, b: StationState) => boolean): StationState => {
    let best = city.at(random.below(city.stations.length));
    for (let i = 1; i < LOOKED_AT; i++) {
      const other = city.at(random.below(city.stations.length));
      if (isBetter(other, best)) best = other;
    }
    return best;
  };

  const loadAt = (state: StationState): void => {
    if (fullness(state) < TOO_FULL) return;
    const surplus = Math.ceil(bikesAt(state) - AFTER_LOADING * state.docks);
    for (let n = Math.min(surplus, LOAD, availableAt(state)); n > 0; n--) {
      const kind = BIKE_KINDS.find((k) => state.available[k] > 0) ?? 'classic';
      city.takeFrom(state, kind, 'taken');
      city.on_trucks++;
      load.push(kind);
    }
  };

  const unloadAt = (state: StationState): void => {
    if (fullness(state) > TOO_EMPTY || !isReturning(state)) return;
    while (bikesAt(state) < AFTER_UNLOADING * state.docks) {
      const kind = load.pop();
      if (!kind) return;
      city.on_trucks--;
      city.bringTo(state, kind, 'brought');
    }
  };

  city.timeline.schedule(begins_ms, stop);
}

const fullness = (state: StationState): number => bikesAt(state) / state.docks;
