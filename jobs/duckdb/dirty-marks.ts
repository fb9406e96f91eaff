import { existsSync, readFileSync, rmSync } from 'node:fs';
import { DIRTY_PREFIX, parseMark } from '../../lib/gold/dirty.ts';
import type { LakeFolder } from './lake-folder.ts';
import type { Manifest } from './manifest.ts';

interface Applied {
  readonly waived: ReadonlySet<string>;
  readonly endMarks: () => void;
}

/**
 * Forgets what the marks of due days say is not to be trusted: what was made for a day, and Bronze files that were taken away on purpose.
 * Answers with what ends the marks, to be called once the days are settled (killed before, the next run finds the marks again), and with the days
 * that have lost something of Bronze on purpose.
 */
export function applyMarks(lake: LakeFolder, manifest: Manifest, isDue: (date: string) => boolean): Applied {
  const keys = lake.keys(DIRTY_PREFIX).filter((key) => key.endsWith('.json'));
  const { bronze, made } = manifest.content;
  const applied: string[] = [];
  const waived = new Set<string>();
  for (const key of keys) {
    const { date, removed } = parseMark(readFileSync(lake.path(key), 'utf8'), key);
    for (const file of removed) if (!existsSync(lake.path(file))) delete bronze[file];
    if (!isDue(date)) continue;
    applied.push(key);
    if (removed.length > 0) waived.add(date);
    for (const name of Object.keys(made)) if (name.endsWith(` ${date}`)) delete made[name];
  }
  const endMarks = (): void => {
    for (const key of applied) rmSync(lake.path(key), { force: true });
  };
  return { waived, endMarks };
}
