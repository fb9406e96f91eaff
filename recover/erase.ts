/** `npm run erase`: takes the data of a system out of every layer (docs/erasure.md). */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LakeFolder } from '../jobs/duckdb/lake-folder.ts';
import { FatalError } from '../lib/errors.ts';
import { erasureKey } from '../lib/gold/erasure.ts';
import { type Command, Misuse, runCommand } from './command.ts';
import { allowAgain, type ErasePorts, eraseLake } from './erase/erase-lake.ts';
import { DynamoItems } from './erase/items.ts';
import { inStream } from './erase/stream.ts';
import { readPlanOf } from './lake-plan.ts';
import type { Pipeline } from './pipeline.ts';
import { KinesisReader } from './stream-reader.ts';

const HOUR_MS = 3_600_000;

export const erase: Command = {
  name: 'erase',
  purpose: 'Takes the data of a system out of every layer, and keeps it from coming back.',
  options: {
    system: { takes: 'ID', means: 'the system' },
    'allow-again': {
      takes: null,
      means: 'take it back: the system may be polled and loaded again; what was erased stays so',
    },
  },
  drains: () => true,
  run: async (pipeline, given) => {
    const system_id = given.one('system');
    if (system_id === null) throw new Misuse('--system is missing: erase what?');
    erasureKey(system_id);
    const { lake_folder, lake, now_ms } = pipeline;
    if (lake_folder === null)
      throw new Misuse(
        '--stage: on AWS erase is not whole yet, and half of it is none (docs/erasure.md): nothing was done',
      );
    const { dry_run, progress } = given;
    if (given.flag('allow-again')) return allowAgain({ objects: lake, now_ms }, { system_id, dry_run });
    refuseIceberg(dirname(new LakeFolder(lake_folder).settle_dir));
    return eraseLake(portsOf(pipeline, lake_folder, system_id, progress), { system_id, dry_run, progress });
  },
};

function portsOf(
  { lake, dynamodb, kinesis, names, now_ms, where }: Pipeline,
  lake_folder: string,
  system_id: string,
  progress: Parameters<typeof inStream>[2],
): ErasePorts {
  const folder = new LakeFolder(lake_folder);
  return {
    objects: lake,
    lake: folder,
    items: {
      checkpoints: new DynamoItems(dynamodb, names.checkpoints, 'lane', 'checkpoint'),
      poll_states: new DynamoItems(dynamodb, names.polls, 'group_id', 'state'),
    },
    readPlan: () => readPlanOf({ where, lake }),
    now_ms,
    inStream: () => inStream(new KinesisReader(kinesis, names.stream), system_id, progress),
    retention_ms: names.retention_hours * HOUR_MS,
  };
}

/** Spark's tables of a folder lie beside the lake, and half an erasure is none. Throws FatalError `iceberg_tables`. */
function refuseIceberg(dir: string): void {
  const warehouse = join(dir, 'iceberg');
  if (!existsSync(join(warehouse, 'runs', 'manifest.json'))) return;
  throw new FatalError(
    'gold',
    'iceberg_tables',
    `${warehouse} holds tables of npm run spark, which erase does not reach yet: nothing was done. Remove that folder and run it again; npm run spark makes the tables anew afterwards, without the system`,
  );
}

if (import.meta.main) await runCommand(erase);
