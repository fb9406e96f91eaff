import { hash } from 'node:crypto';

/** The part of its system that a station belongs to, for good: it depends on the id and the number of parts alone. */
export function partOf(station_id: string, parts: number): number {
  if (parts === 1) return 0;
  return Number.parseInt(hash('sha256', station_id, 'hex').slice(0, 8), 16) % parts;
}
