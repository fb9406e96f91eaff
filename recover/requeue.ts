/** `npm run requeue`: what was rejected → again through the parser that it is rejected by → Bronze (docs/runbooks/requeue.md). */
import { erasedSystems, refuseErased } from '../lib/gold/erasure.ts';
import { bronzePaths } from './bronze-window.ts';
import { runCommand } from './command.ts';
import { readPlanOf } from './lake-plan.ts';
import { slotRange } from './ranges.ts';
import { requeueLake } from './requeue-lake.ts';

await runCommand({
  name: 'requeue',
  purpose: 'Brings rejected input back after a fix of the parser: quarantine → parser → Bronze.',
  options: {
    system: { takes: 'ID', means: 'only this system (repeat for several)', multiple: true },
    reason: { takes: 'REASON', means: 'only what was rejected for this reason (repeat for several)', multiple: true },
    from: { takes: 'TIME', means: 'slots from this UTC date or instant on' },
    to: { takes: 'TIME', means: 'slots up to this UTC date, or before this instant' },
  },
  run: async (pipeline, given) => {
    refuseErased(await erasedSystems(pipeline.lake), given.all('system'));
    const bronze = bronzePaths(pipeline);
    try {
      return await requeueLake(
        { objects: pipeline.lake, bronze, plan: await readPlanOf(pipeline) },
        {
          ...slotRange(given.one('from'), given.one('to')),
          system_ids: given.all('system'),
          reasons: given.all('reason'),
          dry_run: given.dry_run,
          progress: given.progress,
        },
      );
    } finally {
      bronze.end();
    }
  },
});
