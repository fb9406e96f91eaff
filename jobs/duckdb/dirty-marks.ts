import { existsSync, readFileSync, rmSync } from 'node:fs';
import { DIRTY_PREFIX, parseMark } from '../../lib/gold/dirty.ts';
import type { LakeFolder } from './lake-folder.ts';
import type { Manifest } from './manifest.ts';

/**
 * Forgets what the marks of dirty days say is not to be trusted: what was made for a day, and Bronze files that were taken away on purpose.
 * Answers with what ends the marks, to be called once the days are settled: killed before, the next run finds the marks again.
 */
export function applyMarks(lake: LakeFolder, manifest: Manifest): () => void {
  const keys = lake.keys(DIRTY_PREFIX).filter((key) => key.endsWith('.json'));
  const { bronze, made } = manifest.content;
  for (const key of keys) {
    const { date, removed } = parseMark(readFileSync(lake.path(key), 'utf8'), key);
    for (const file of removed) if (!existsSync(lake.path(file))) delete bronze[file];
    for (const name of Object.keys(made)) if (name.endsWith(` ${date}`)) delete made[name];
  }
  return () => {
    for (const key of keys) rmSync(lake.path(key), { force: true });
  };
}
