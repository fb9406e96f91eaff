/**
 * `npm run expire`: folders of the Silver log whose days are settled are tagged, so that the bucket's life cycle rule removes them (docs/expiry.md).
 */
import { readFileSync } from 'node:fs';
import { LakeFolder } from '../jobs/duckdb/lake-folder.ts';
import { type Command, runCommand } from './command.ts';
import { expireLog, parseRemembered, type Remembered } from './expire-log.ts';
import type { Pipeline } from './pipeline.ts';

const SPARK_MANIFEST = 'runs/manifest.json';

/** null where nothing was settled yet. */
async function remembered({ lake, lake_folder }: Pipeline): Promise<Remembered | null> {
  if (lake_folder !== null) {
    const file = new LakeFolder(lake_folder).manifest_file;
    try {
      return parseRemembered(readFileSync(file, 'utf8'), file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }
  const bytes = await lake.get(SPARK_MANIFEST);
  return bytes === null ? null : parseRemembered(bytes.toString('utf8'), SPARK_MANIFEST);
}

export const expire: Command = {
  name: 'expire',
  purpose:
    'Tags the folders of the Silver log whose days are settled: the lake removes them 40 days after they were made.',
  options: {},
  run: async (pipeline, given) => expireLog(pipeline.lake, await remembered(pipeline), given),
};

if (import.meta.main) await runCommand(expire);
