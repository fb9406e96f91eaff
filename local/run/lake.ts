import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plan } from '../../lib/poll/plan.ts';

/**
 * Puts the plan of a run into the lake, where settle reads interval and time zone of each system. Systems of earlier runs stay,
 * under the plan that they were polled by.
 */
export function keepPlan(lake: string, plan: Plan): void {
  const file = join(lake, 'config', 'plan.json');
  const polled = new Set(plan.groups.flatMap((group) => group.systems.map((system) => system.system_id)));
  const earlier = readPlan(file).groups.flatMap((group) => {
    const systems = group.systems.filter((system) => !polled.has(system.system_id));
    return systems.length === 0 ? [] : [{ ...group, systems }];
  });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify({ ...plan, groups: [...earlier, ...plan.groups] }, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

function readPlan(file: string): Plan {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Plan;
  } catch {
    return { format: 1, groups: [] }; // the first run in this folder
  }
}
