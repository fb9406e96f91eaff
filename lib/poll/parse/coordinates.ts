import type { Flag } from './flags.ts';

export interface Coordinates {
  readonly lat: number | null;
  readonly lon: number | null;
}

const UNKNOWN: Coordinates = { lat: null, lon: null };

/**
 * WGS 84 degrees, from numbers or text of numbers. Both or none: missing, unreadable and out of range values, and 0,0, become null with a flag,
 * because a station without a place still has bikes. A single 0 is a place: the prime meridian runs through cities with bikes.
 */
export function toCoordinates(lat: unknown, lon: unknown, flags: Flag[]): Coordinates {
  const [y, x] = [toDegrees(lat, 90), toDegrees(lon, 180)];
  if (y !== null && x !== null && !(y === 0 && x === 0)) return { lat: y, lon: x };
  flags.push('coordinates_unknown');
  return UNKNOWN;
}

function toDegrees(value: unknown, limit: number): number | null {
  const degrees = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof degrees !== 'number' || !(Math.abs(degrees) <= limit)) return null;
  return degrees === 0 ? 0 : degrees; // -0 is 0
}
