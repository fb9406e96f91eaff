import type { LifecycleRule } from '../measure/settings.ts';

const MONTH_DAYS = 730 / 24;
const GB = 1024 ** 3;
/** S3 doesn't move smaller objects to another class by itself. */
const SMALLEST_MOVED_BYTES = 128 * 1024;

/** GB-months by storage class, and objects moved into each, in one month of a prefix that grows evenly. */
export interface Stored {
  readonly gb_months: Readonly<Record<string, number>>;
  readonly moved: Readonly<Record<string, number>>;
}

/**
 * What lies under a prefix in month `month` (1: the first), when every month adds `bytes` in `objects`, and rules move and expire by age.
 * Rules for tagged objects don't count: objects are tagged where somebody runs `npm run expire`.
 */
export function storedIn(
  month: number,
  prefix: string,
  { bytes, objects }: { readonly bytes: number; readonly objects: number },
  rules: readonly LifecycleRule[],
): Stored {
  const own = rules.filter((rule) => prefix.startsWith(rule.prefix) && !rule.tagged);
  const expires = Math.min(...own.map((rule) => rule.expires_days ?? Number.POSITIVE_INFINITY));
  const moves = bytes / Math.max(1, objects) >= SMALLEST_MOVED_BYTES ? own.flatMap((rule) => rule.transitions) : [];
  const steps = [{ days: 0, storage_class: 'STANDARD' }, ...moves.toSorted((a, b) => a.days - b.days)];
  const gb_months: Record<string, number> = {};
  const moved: Record<string, number> = {};
  for (const [n, { days, storage_class }] of steps.entries()) {
    const until = Math.min(expires, steps[n + 1]?.days ?? Number.POSITIVE_INFINITY);
    const months = monthsBetween(days, until, month);
    if (months > 0) gb_months[storage_class] = (gb_months[storage_class] ?? 0) + (bytes / GB) * months;
    const share = monthsBetween(days, days + MONTH_DAYS, month, true);
    if (n > 0 && days < expires && share > 0) moved[storage_class] = (moved[storage_class] ?? 0) + objects * share;
  }
  return { gb_months, moved };
}

/** Months' worth of what is between `from` and `to` days old, on average over the month; `at_end`: of what passes `from` during it. */
function monthsBetween(from: number, to: number, month: number, at_end = false): number {
  const [begin, end] = [(month - 1) * MONTH_DAYS, month * MONTH_DAYS];
  const olderThan = (age: number): number => {
    // the integral over the month of what is older than `age`: it grows by a day's worth each day from day `age` on
    const [a, b] = [Math.max(0, begin - age), Math.max(0, end - age)];
    return (b * b - a * a) / 2;
  };
  if (at_end) return (Math.max(0, end - from) - Math.max(0, begin - from)) / MONTH_DAYS;
  return (olderThan(from) - (Number.isFinite(to) ? olderThan(to) : 0)) / MONTH_DAYS / MONTH_DAYS;
}
