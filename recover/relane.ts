/** `npm run relane`: moves systems to other lanes with their state (docs/runbooks/relane.md). */
import { writeFileSync } from 'node:fs';
import type { Plan } from '../lib/poll/plan.ts';
import { planText } from '../lib/poll/plan-command.ts';
import { type LanePlan, numberOf } from '../lib/poll/plan-lanes.ts';
import { lanesOf, replanned } from '../lib/poll/plan-relane.ts';
import { S3Log } from '../lib/silver/s3-log.ts';
import { type Given, Misuse, runCommand } from './command.ts';
import { LAKE_PLAN, readPlanOf } from './lake-plan.ts';
import type { Pipeline } from './pipeline.ts';
import { countStations, type RelanePorts, relaneLake } from './relane-lake.ts';
import { KinesisReader } from './stream-reader.ts';
import { StreamRest } from './stream-rest.ts';

await runCommand({
  name: 'relane',
  purpose:
    'Moves systems to lanes that no one was in, with the last row of each station: no change is made up, none is lost.',
  options: {
    system: { takes: 'ID', means: 'a system that moves (repeat for several)', multiple: true },
    to: {
      takes: 'LANE',
      means: 'the lane of its first part; repeat for each further part, as many as it shall have',
      multiple: true,
    },
    replan: { takes: null, means: 'instead: each group as it would be planned by the stations that there are now' },
  },
  run: async (pipeline, given) => {
    if (pipeline.where === 'run')
      throw new Misuse('a run has the folder open, and polls by the plan that it began with: end it first');
    const log = new S3Log(pipeline.s3, pipeline.names.bucket);
    const plan = await readPlanOf(pipeline);
    const moves = given.one('replan') === null ? movesOf(plan, given) : replanned(plan, await countStations(plan, log));
    const ports: RelanePorts = {
      log,
      rest: new StreamRest(new KinesisReader(pipeline.kinesis, pipeline.names.stream), (records) =>
        given.progress(records, null, `${records} records of the stream looked at`),
      ),
      writePlan: (next) => writePlan(pipeline, next),
      drain: async () => (await pipeline.finish()) !== null,
    };
    return relaneLake(plan, moves, ports, given.dry_run);
  },
});

function movesOf(plan: Plan, given: Given): LanePlan {
  const [systems, to] = [given.all('system'), given.all('to')];
  if (systems.length === 0 || to.length === 0) throw new Misuse('give --system and --to, or --replan');
  const known = lanesOf(plan);
  const unknown = systems.find((system_id) => !known.has(system_id));
  if (unknown !== undefined) throw new Misuse(`--system ${unknown}: name a system of the plan`);
  const odd = to.find((lane) => numberOf(lane) === 0);
  if (odd !== undefined) throw new Misuse(`--to ${odd}: lanes are named lane-001, lane-002 and so on`);
  return new Map(systems.map((system_id) => [system_id, to]));
}

/** On this machine the lake's; of a stage the checkout's, which `sls deploy` brings to the schedules. */
async function writePlan({ where, lake }: Pipeline, plan: Plan): Promise<void> {
  if (where === 'stage') writeFileSync('config/plan.json', planText(plan));
  else await lake.put(LAKE_PLAN, Buffer.from(planText(plan)));
}
