import { existsSync, readFileSync } from 'node:fs';
import { expiredUntil, type KeptFrom, parseKept, TAGGED_KEY } from '../../lib/gold/expiry.ts';
import type { LakeFolder } from './lake-folder.ts';

/** Lane → date of its first folder that can't have expired. */
export function keptFrom(lake: LakeFolder): KeptFrom {
  const file = lake.path(TAGGED_KEY);
  return parseKept(existsSync(file) ? readFileSync(file, 'utf8') : null);
}

/** The last date of which some of the log may have expired; null: nothing has. Such a day isn't audited again: its audit stays. */
export function logExpiredUntil(lake: LakeFolder): string | null {
  const kept = keptFrom(lake);
  const folders = Object.keys(kept).map((lane) => {
    return [lane, lake.folders(`log/lane=${lane}`).map((name) => name.slice('event_date='.length))] as const;
  });
  return expiredUntil(kept, Object.fromEntries(folders));
}
