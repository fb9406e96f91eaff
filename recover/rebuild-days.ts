import { markDirty } from '../lib/gold/dirty.ts';
import type { Given, Outcome } from './command.ts';
import type { ObjectStore } from './objects.ts';

const DATED = /(?:event_date|dt)=(\d{4}-\d\d-\d\d)\//;

/** Marks days, so that settle makes them again from Bronze, whatever it remembers of them. A mark that is there already is the same. */
export async function rebuildDays(
  objects: ObjectStore,
  dates: readonly string[],
  { dry_run, progress }: Pick<Given, 'dry_run' | 'progress'>,
): Promise<Outcome> {
  for (const [n, date] of dates.entries()) {
    progress(n, dates.length, 'days');
    if (!dry_run) await markDirty(objects, { format: 1, date, command: 'rebuild', removed: [] }, 'day');
  }
  return { counts: { days: dates.length }, notes: [], dirty: dates, changed: dates.length > 0 };
}

/** The dates that the lake has anything of: settled days, and days on which Bronze arrived. Sorted. */
export async function datesOfLake(objects: ObjectStore): Promise<string[]> {
  const dates = new Set<string>();
  for (const prefix of ['bronze/events/', 'silver/']) {
    for (const key of await objects.keys(prefix)) {
      const [, date] = DATED.exec(key) ?? [];
      if (date !== undefined) dates.add(date);
    }
  }
  return [...dates].sort();
}
