/** `npm run reload`: takes a system or a day of it out of settled Silver and Gold, and loads it again (docs/runbooks/reload.md). */
import { erasedSystems, refuseErased } from '../lib/gold/erasure.ts';
import { bronzePaths, openWindow } from './bronze-window.ts';
import { type Given, Misuse, runCommand } from './command.ts';
import { readPlanOf } from './lake-plan.ts';
import type { Pipeline } from './pipeline.ts';
import { slotRange } from './ranges.ts';
import { type ReloadOptions, reloadLake, undoReload } from './reload-lake.ts';
import { fromRaw, fromRecording } from './reload-source.ts';

await runCommand({
  name: 'reload',
  purpose: 'Loads the slots of a system again: Bronze raw records → parser → Bronze, in the place of what they were.',
  options: {
    system: { takes: 'ID', means: 'the system' },
    date: { takes: 'DATE', means: 'a UTC day of slots; or a range:' },
    from: { takes: 'TIME', means: 'slots from this UTC date or instant on' },
    to: { takes: 'TIME', means: 'slots up to this UTC date, or before this instant' },
    recording: { takes: 'FILE', means: 'from a recording (station_status) instead of Bronze' },
    remove: { takes: null, means: 'take out only: nothing is loaded in its place' },
    undo: { takes: 'RELOAD', means: 'take a reload back, by its id in bronze.reloads' },
  },
  run: async (pipeline, given) => {
    const undo = given.one('undo');
    if (undo !== null) return undoReload(pipeline.lake, undo, given.dry_run);
    return load(pipeline, given);
  },
});

async function load(pipeline: Pipeline, given: Given) {
  const [recording, remove] = [given.one('recording'), given.one('remove')];
  const range = slotRange(given.one('from'), given.one('to'), given.one('date'));
  if (range.from_ms === 0 || range.until_ms === Number.MAX_SAFE_INTEGER)
    throw new Misuse('give --date, or --from and --to');
  if (remove !== null && recording !== null) throw new Misuse('--remove with --recording: give one of them');
  const system_id = given.one('system');
  if (system_id !== null) refuseErased(await erasedSystems(pipeline.lake), [system_id]);
  const plan = await readPlanOf(pipeline);
  const system = plan.groups.flatMap((group) => group.systems).find((s) => s.system_id === system_id);
  if (system === undefined) throw new Misuse(`--system ${system_id ?? 'is missing'}: name a system of the plan`);
  const options: Omit<ReloadOptions, 'source'> = { ...range, system, dry_run: given.dry_run, progress: given.progress };
  if (remove !== null) return reloadLake(pipeline.lake, async function* () {}, { ...options, source: 'removed' });
  if (recording !== null) {
    return reloadLake(pipeline.lake, () => fromRecording(recording, system, range), {
      ...options,
      source: 'recording',
    });
  }
  const bronze = bronzePaths(pipeline);
  try {
    await using db = await openWindow(bronze, { system_ids: [system.system_id], ...range }, []);
    return await reloadLake(pipeline.lake, () => fromRaw(db, system, range), { ...options, source: 'raw' });
  } finally {
    bronze.end();
  }
}
