import { RejectedInput } from '../../errors.ts';
import type { Flag } from './flags.ts';
import { shown } from './json.ts';

/** Counts travel as Glue `int`. */
const MAX_COUNT = 2_147_483_647;
/**
 * From here on a number of docks is a word for "unlimited", not a number: free-floating systems that publish one "station" a city send
 * 999999 (feeds.md §4, row 18). The largest real station has a few hundred docks.
 */
const PLACEHOLDER_DOCKS = 100_000;
const INTEGER_TEXT = /^\s*-?\d+\s*$/;

/**
 * A count of bikes or docks; null where the feed does not say (absent, null, ''), which is not 0. Text of digits is taken as a number.
 * Throws RejectedInput `negative_count`, `not_a_count` (a fraction, a word, an object) or `count_out_of_range` (beyond 32 bits).
 */
export function parseCount(value: unknown, field: string): number | null {
  if (typeof value === 'number') {
    if (Number.isInteger(value) && value >= 0 && value <= MAX_COUNT) return value === 0 ? 0 : value; // -0 is 0
    throw badCount(value, field);
  }
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string' && INTEGER_TEXT.test(value)) return parseCount(Number(value), field);
  const found = typeof value === 'string' ? shown(value) : `a ${typeof value}`;
  throw new RejectedInput('poll', 'not_a_count', `${field} is ${found}, not a whole number`);
}

/** A number of docks: as `parseCount`, but a placeholder for "unlimited" becomes null with a flag. */
export function parseDocks(value: unknown, field: string, flags: Flag[]): number | null {
  const docks = parseCount(value, field);
  if (docks === null || docks < PLACEHOLDER_DOCKS) return docks;
  if (!flags.includes('docks_placeholder')) flags.push('docks_placeholder');
  return null;
}

function badCount(value: number, field: string): RejectedInput {
  if (value < 0) return new RejectedInput('poll', 'negative_count', `${field} is ${value}`);
  if (value > MAX_COUNT) return new RejectedInput('poll', 'count_out_of_range', `${field} is ${value}, beyond 32 bits`);
  return new RejectedInput('poll', 'not_a_count', `${field} is ${value}, not a whole number`);
}
