import { layOut } from './layout.ts';
import { Random } from './random.ts';
import { weekStart } from './rhythm.ts';
import { type BikeKind, bikesAt, isReturning, opened, type StationState } from './station.ts';
import { Timeline } from './timeline.ts';
import { startTrips } from './trips.ts';
import { startTrucks } from './trucks.ts';
import { type Move, Truth } from './truth.ts';
import { startUpkeep } from './upkeep.ts';

export interface CityOptions {
  readonly seed: number;
  readonly stations: number;
  /** Riders may leave bikes beside a full rack, so that more bikes than docks stand there. */
  readonly overfull: boolean;
  /** The first time that will be asked for. The city begins at the Monday before, so that runs in one week see the same city. */
  readonly from_ms: number;
}

/**
 * A bike-share city: pure, without clock or chance of its own. What it is at a time follows from its options alone, however often and
 * in which steps it is asked. Every bike of the fleet is at a station, on the road, on a truck or in the workshop.
 */
export class City {
  readonly options: CityOptions;
  readonly stations: readonly StationState[];
  readonly fleet: number;
  readonly truth: Truth;
  readonly timeline: Timeline;
  on_road = 0;
  on_trucks = 0;
  in_workshop = 0;
  /** People who found no bike. */
  turned_away = 0;

  constructor(options: CityOptions) {
    const start_ms = weekStart(options.from_ms);
    this.options = options;
    this.timeline = new Timeline(start_ms);
    this.truth = new Truth(options.stations);
    const random = new Random(options.seed, 3);
    this.stations = layOut(options.seed, options.stations).map((station) => opened(station, start_ms, random));
    this.fleet = this.stations.reduce((sum, s) => sum + bikesAt(s), 0);
    startTrips(this, new Random(options.seed, 4));
    startTrucks(this, new Random(options.seed, 5));
    startUpkeep(this, new Random(options.seed, 6));
  }

  /** Lets the time pass up to and with `time_ms`; a time that has passed changes nothing. */
  advanceTo(time_ms: number): void {
    this.timeline.advanceTo(time_ms);
  }

  /** The state of a station by its index. */
  at(index: number): StationState {
    const state = this.stations[index];
    if (!state) throw new RangeError(`no station ${index}`);
    return state;
  }

  hasRoom(state: StationState): boolean {
    return isReturning(state) && (this.options.overfull || bikesAt(state) < state.docks);
  }

  /** A bike that works leaves a station. */
  takeFrom(state: StationState, kind: BikeKind, move: Move): void {
    state.available[kind]--;
    this.#moved(state, move);
  }

  bringTo(state: StationState, kind: BikeKind, move: Move): void {
    state.available[kind]++;
    this.#moved(state, move);
  }

  /** A broken bike leaves a station for the workshop. */
  collectFrom(state: StationState, kind: BikeKind): void {
    state.broken[kind]--;
    this.in_workshop++;
    this.#moved(state, 'taken');
  }

  #moved(state: StationState, move: Move): void {
    state.changed_ms = this.timeline.now_ms;
    this.truth.count(move, state.station.index, this.timeline.now_ms);
  }
}
