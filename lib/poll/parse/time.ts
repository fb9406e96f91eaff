import type { Flag } from './flags.ts';

/** GBFS's own bound for times (`minimum` in the schemas 1.1 to 2.3): 2015-12-15, before which no GBFS existed. Smaller values are placeholders. */
const FIRST_GBFS_MS = 1_450_155_600_000;
/** A number above this is milliseconds: as seconds it would be the year 5138. */
const LARGEST_SECONDS = 1e11;
/** Above this a number is no time at all, also not in milliseconds. */
const LARGEST_MS = 1e14;
/** Clocks differ: Oslo's stations report up to 14 s after the feed's own time (feeds.md §4, row 7). */
const TOLERATED_SKEW_MS = 5 * 60_000;
const STALE_AFTER_MS = 24 * 3_600_000;

/** RFC 3339. The offset is required: without it Date.parse takes the time of the machine that parses. */
const RFC_3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2}(?:\.\d+)?)([Zz]|[+-]\d{2}:?\d{2})$/;
const NUMBER_TEXT = /^-?\d+(\.\d+)?$/;

/** A feed's time as epoch milliseconds, from seconds, milliseconds or RFC 3339; null where it is missing, a placeholder or no time. */
export function toEpochMs(value: unknown): number | null {
  if (typeof value === 'number') return plausible(Math.round(value > LARGEST_SECONDS ? value : value * 1000));
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (NUMBER_TEXT.test(text)) return toEpochMs(Number(text));
  const parts = RFC_3339.exec(text);
  return parts === null ? null : plausible(Date.parse(`${parts[1]}T${parts[2]}${(parts[3] ?? '').toUpperCase()}`));
}

const plausible = (ms: number): number | null => (ms >= FIRST_GBFS_MS && ms <= LARGEST_MS ? ms : null);

/**
 * `last_reported` as a value and the flags that it earns. It is data, not identity: feeds move it backwards, put the feed clock
 * in it or omit it, so nothing is dropped for it.
 */
export function toLastReported(
  value: unknown,
  is_renting: boolean | null,
  fetched_at_ms: number,
  flags: Flag[],
): number | null {
  const ms = toEpochMs(value);
  if (ms === null) {
    flags.push(value === undefined || value === null ? 'last_reported_missing' : 'last_reported_unknown');
    return null;
  }
  if (Number(value) > LARGEST_SECONDS) flags.push('last_reported_in_ms');
  if (ms > fetched_at_ms + TOLERATED_SKEW_MS) flags.push('last_reported_future');
  else if (is_renting === true && ms < fetched_at_ms - STALE_AFTER_MS) flags.push('last_reported_stale');
  return ms;
}
