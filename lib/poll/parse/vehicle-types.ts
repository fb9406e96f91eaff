import { parseCount } from './count.ts';
import type { Flag } from './flags.ts';
import { isObject, type JsonObject } from './json.ts';

type TypeCount = readonly [type_id: string, count: number];

/**
 * The vehicle types at a station as canonical JSON `[["type id", count], …]`; null where the feed gives none. Three shapes are known:
 * `vehicle_types_available` (GBFS 2.1 and later) as `[{vehicle_type_id, count}]`, and the older `num_bikes_available_types` as `{electric: 1}` or
 * `[{mechanical: 1}, {ebike: 2}]`. The members of an object have no order, so they are sorted by type id; an array has one, and it is
 * kept: a feed that lists the types in another order has said something else (nextbike Vienna did so 5 times in a week).
 * An unknown shape is null with a flag. Throws RejectedInput for a count that is none.
 */
export function parseVehicleTypes(record: JsonObject, bikes: number | null, flags: Flag[]): string | null {
  const value = record.vehicle_types_available ?? record.num_bikes_available_types;
  if (value === undefined || value === null) return null;
  const types = typeCounts(value);
  if (types === null) {
    flags.push('vehicle_types_unreadable');
    return null;
  }
  let sum = 0;
  for (const [, count] of types) sum += count;
  if (bikes !== null && sum !== bikes) flags.push('types_sum_differs');
  return JSON.stringify(types);
}

function typeCounts(value: unknown): TypeCount[] | null {
  const types: TypeCount[] = [];
  for (const entry of Array.isArray(value) ? value : [value]) {
    if (!isObject(entry)) return null;
    if (!('vehicle_type_id' in entry)) {
      for (const [type_id, count] of Object.entries(entry).sort(byType)) if (!add(types, type_id, count)) return null;
    } else if (!add(types, entry.vehicle_type_id, entry.count)) return null;
  }
  return types;
}

function add(types: TypeCount[], type_id: unknown, value: unknown): boolean {
  if (typeof type_id !== 'string' && typeof type_id !== 'number') return false;
  const count = parseCount(value, 'count of a vehicle type');
  if (count === null) return false;
  types.push([String(type_id), count]);
  return true;
}

/** By code units: the same everywhere. */
const byType = (a: readonly [string, unknown], b: readonly [string, unknown]): number => (a[0] < b[0] ? -1 : 1);
