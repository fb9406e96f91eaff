import { stationNames } from './names.ts';
import { Random } from './random.ts';

export const ZONES = ['centre', 'hub', 'housing', 'river'] as const;
export type Zone = (typeof ZONES)[number];

/** A station as it was built. */
export interface Station {
  readonly index: number;
  readonly zone: Zone;
  readonly name: { readonly en: string; readonly ko: string };
  /** km east and north of the city's centre. */
  readonly x_km: number;
  readonly y_km: number;
  readonly lat: number;
  readonly lon: number;
  readonly docks: number;
  /** How much it draws, compared with others of its zone. */
  readonly pull: number;
  /** In a park that is locked at night. */
  readonly closes_at_night: boolean;
  /** The nearest stations by distance: where a rider goes on to. */
  readonly neighbours: readonly number[];
}

const CENTRE_LAT = 37.55;
const CENTRE_LON = 126.95;
const KM_PER_DEGREE = 111.32;
const NEIGHBOURS = 6;
/** The spread of a city of this size is 1; a larger one is wider, and denser too. */
const USUAL_STATIONS = 300;
const SPREAD_EXPONENT = 0.4;
const CLOSES_AT_NIGHT = 0.1;

const SHARES: readonly (readonly [Zone, number])[] = [
  ['centre', 0.33],
  ['hub', 0.08],
  ['housing', 0.45],
  ['river', 0.14],
];
const DOCKS: Readonly<Record<Zone, readonly [number, number]>> = {
  centre: [12, 28],
  hub: [24, 45],
  housing: [8, 20],
  river: [10, 30],
};
/** Where people live, in km from the centre. */
const NEIGHBOURHOODS: readonly (readonly [number, number])[] = [
  [-4.2, 1.6],
  [-2.1, 4.1],
  [2.4, 3.6],
  [4.6, 0.4],
  [3.1, -3.9],
];

/** A city: a centre, five neighbourhoods around it, hubs between them, and a river in the south. */
export function layOut(seed: number, count: number): Station[] {
  const random = new Random(seed, 1);
  const names = stationNames(seed, count);
  const spread = (count / USUAL_STATIONS) ** SPREAD_EXPONENT;
  const placed = Array.from({ length: count }, (_, index) => {
    const zone = zoneOf(random);
    const [x_km, y_km] = place(zone, spread, random);
    const [least, most] = DOCKS[zone];
    return {
      index,
      zone,
      name: names[index] as Station['name'],
      x_km,
      y_km,
      lat: CENTRE_LAT + y_km / KM_PER_DEGREE,
      lon: CENTRE_LON + x_km / (KM_PER_DEGREE * Math.cos((CENTRE_LAT * Math.PI) / 180)),
      docks: Math.round(random.between(least, most)),
      pull: Math.exp(0.5 * random.normal()),
      closes_at_night: zone === 'river' && random.next() < CLOSES_AT_NIGHT,
    };
  });
  return placed.map((station) => ({ ...station, neighbours: nearest(station, placed) }));
}

export const distanceKm = (a: Pick<Station, 'x_km' | 'y_km'>, b: Pick<Station, 'x_km' | 'y_km'>): number =>
  Math.sqrt((a.x_km - b.x_km) ** 2 + (a.y_km - b.y_km) ** 2); // Math.hypot takes ten times as long

function zoneOf(random: Random): Zone {
  let left = random.next();
  for (const [zone, share] of SHARES) {
    left -= share;
    if (left < 0) return zone;
  }
  return 'housing';
}

function place(zone: Zone, spread: number, random: Random): readonly [number, number] {
  const around = (x: number, y: number, km: number) =>
    [(x + km * random.normal()) * spread, (y + km * random.normal()) * spread] as const;
  if (zone === 'centre') return around(0, 0, 1.1);
  if (zone === 'river') {
    const x = random.between(-6, 6);
    return around(x, -2.2 + 0.6 * Math.sin(x / 2), 0.12);
  }
  const [x, y] = random.of(NEIGHBOURHOODS);
  if (zone === 'housing') return around(x, y, 0.9);
  const way = random.between(0.3, 0.9);
  return around(x * way, y * way, 0.2);
}

type Placed = Pick<Station, 'index' | 'x_km' | 'y_km'>;

function nearest(station: Placed, all: readonly Placed[]): number[] {
  const found: { readonly index: number; readonly km: number }[] = [];
  for (const other of all) {
    if (other === station) continue;
    const km = distanceKm(station, other);
    if (found.length === NEIGHBOURS && km >= (found.at(-1)?.km ?? 0)) continue;
    const at = found.findIndex((f) => km < f.km);
    found.splice(at === -1 ? found.length : at, 0, { index: other.index, km });
    if (found.length > NEIGHBOURS) found.pop();
  }
  return found.map((f) => f.index);
}
