import type { City } from './city.ts';
import { distanceKm } from './layout.ts';
import type { Random } from './random.ts';
import { demandRate, flowAt, RHYTHM_HOURS, type RhythmHour, rhythmHourOf } from './rhythm.ts';
import { availableAt, type BikeKind, isRenting, type StationState } from './station.ts';
import { collectLater } from './upkeep.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** How far people like to ride: a destination is taken with probability e^(-distance / this). */
const LIKED_KM = 2.2;
const ROUND_TRIP = 0.15;
const DESTINATIONS_LOOKED_AT = 8;
const KM_PER_HOUR: Readonly<Record<BikeKind, number>> = { classic: 11, electric: 15 };
const BREAKS = 0.003;
/** Full stations tried close by, before a rider goes somewhere else altogether. */
const NEIGHBOURS_TRIED = 5;

/** People rent, ride and return: a Poisson stream of attempts whose rate and flows follow the hour. */
export function startTrips(city: City, random: Random): void {
  const choices = Array.from({ length: RHYTHM_HOURS }, () => null as Choice | null);
  const choiceAt = (hour: RhythmHour): Choice => (choices[hour] ??= choiceOf(city, hour));

  const wait = (now_ms: number): void => {
    const next_hour_ms = (Math.floor(now_ms / HOUR_MS) + 1) * HOUR_MS;
    const at_ms = now_ms + random.exponential(1 / (demandRate(rhythmHourOf(now_ms)) * city.stations.length));
    // An exponential wait has no memory: at a new hour it may begin again, with that hour's rate.
    if (at_ms >= next_hour_ms) city.timeline.schedule(next_hour_ms, wait);
    else city.timeline.schedule(at_ms, rent);
  };

  const rent = (now_ms: number): void => {
    attempt(now_ms);
    wait(now_ms);
  };

  const attempt = (now_ms: number): void => {
    const choice = choiceAt(rhythmHourOf(now_ms));
    const origin = city.at(draw(choice.from, random));
    const bikes = availableAt(origin);
    if (!isRenting(origin) || bikes === 0) {
      city.turned_away++;
      return;
    }
    const kind = random.below(bikes) < origin.available.classic ? 'classic' : 'electric';
    city.takeFrom(origin, kind, 'rentals');
    city.on_road++;
    const destination = destinationFrom(origin, choice);
    ride(kind, destination, now_ms + rideMs(origin, destination, kind), NEIGHBOURS_TRIED);
  };

  const destinationFrom = (origin: StationState, choice: Choice): StationState => {
    let destination = origin;
    for (let i = 0; i < DESTINATIONS_LOOKED_AT; i++) {
      destination = city.at(draw(choice.to, random));
      const likes =
        destination === origin ? ROUND_TRIP : Math.exp(-distanceKm(origin.station, destination.station) / LIKED_KM);
      if (random.next() < likes) break;
    }
    return destination;
  };

  const rideMs = (origin: StationState, destination: StationState, kind: BikeKind): number => {
    if (origin === destination) return random.between(10, 45) * MINUTE_MS;
    const hours = distanceKm(origin.station, destination.station) / KM_PER_HOUR[kind];
    return random.between(1, 4) * MINUTE_MS + hours * HOUR_MS * random.between(0.9, 1.6);
  };

  const ride = (kind: BikeKind, to: StationState, arrives_ms: number, tries: number): void => {
    city.timeline.schedule(arrives_ms, (now_ms) => {
      if (!city.hasRoom(to)) {
        const next = tries > 0 ? random.of(to.station.neighbours) : random.below(city.stations.length);
        ride(kind, city.at(next), now_ms + random.between(2, 5) * MINUTE_MS, tries > 0 ? tries - 1 : NEIGHBOURS_TRIED);
        return;
      }
      city.on_road--;
      city.bringTo(to, kind, 'returns');
      if (random.next() < BREAKS) {
        to.available[kind]--;
        to.broken[kind]++;
        collectLater(city, to, kind, random);
      }
    });
  };

  wait(city.timeline.now_ms);
}

/** Cumulated weights of the stations, as origin and as destination. */
interface Choice {
  readonly from: Float64Array;
  readonly to: Float64Array;
}

function choiceOf(city: City, hour: RhythmHour): Choice {
  const { from, to } = flowAt(hour);
  const cumulated = (weights: typeof from) => {
    let sum = 0;
    return Float64Array.from(city.stations, ({ station }) => {
      sum += weights[station.zone] * station.pull;
      return sum;
    });
  };
  return { from: cumulated(from), to: cumulated(to) };
}

/** The index of a station, by its weight. */
function draw(cumulated: Float64Array, random: Random): number {
  const mark = random.next() * (cumulated.at(-1) ?? 0);
  let low = 0;
  let high = cumulated.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cumulated[middle] ?? 0) > mark) high = middle;
    else low = middle + 1;
  }
  return low;
}
