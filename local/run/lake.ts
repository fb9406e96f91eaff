import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ERASED_PREFIX, mayNotReturn, parseErasure, refuseErased } from '../../lib/gold/erasure.ts';
import { EMPTY_PLAN, type Plan, type PlannableSystem, planOf } from '../../lib/poll/plan.ts';
import { parsePlan } from '../../lib/poll/plan-text.ts';

const planFile = (lake: string): string => join(lake, 'config', 'plan.json');

/**
 * The plan of a run, in the lake too, where settle reads interval and time zone of each system. Systems of earlier runs stay in it, and
 * a system that comes again keeps its lanes: in other ones all its stations would seem new. Throws FatalError `system_erased`.
 */
export function planInLake(lake: string, systems: readonly PlannableSystem[]): Plan {
  const file = planFile(lake);
  refuseErased(
    erasedIn(lake),
    systems.map(({ system_id }) => system_id),
  );
  const earlier = readPlan(file);
  const plan = planOf(systems, earlier);
  const polled = new Set(systems.map((system) => system.system_id));
  const kept = earlier.groups.flatMap((group) => {
    const others = group.systems.filter((system) => !polled.has(system.system_id));
    return others.length === 0 ? [] : [{ ...group, systems: others }];
  });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify({ ...plan, groups: [...kept, ...plan.groups] }, null, 2)}\n`);
  renameSync(`${file}.new`, file);
  return plan;
}

/** Systems that were erased from the lake, and may not come back. */
function erasedIn(lake: string): ReadonlySet<string> {
  const folder = join(lake, ERASED_PREFIX);
  if (!existsSync(folder)) return new Set();
  const erasures = readdirSync(folder).map((name) =>
    parseErasure(readFileSync(join(folder, name), 'utf8'), `${ERASED_PREFIX}${name}`),
  );
  return mayNotReturn(erasures);
}

/** A plan that can't be read is an error: made anew, it could give a system other lanes. */
function readPlan(file: string): Plan {
  if (!existsSync(file)) return EMPTY_PLAN; // the first run in this folder
  return parsePlan(readFileSync(file, 'utf8'), file, 'put it back, or begin in another folder by --dir');
}
