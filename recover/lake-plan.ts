import { readFileSync } from 'node:fs';
import { FatalError } from '../lib/errors.ts';
import type { Plan } from '../lib/poll/plan.ts';
import type { ObjectStore } from './objects.ts';
import type { Pipeline } from './pipeline.ts';

export const LAKE_PLAN = 'config/plan.json';

/** The plan that the pipeline polls by: on this machine that of the lake, on AWS that of the checkout that was deployed. Throws FatalError `invalid_plan`. */
export async function readPlanOf({
  where,
  lake,
}: Pick<Pipeline, 'where'> & { readonly lake: ObjectStore }): Promise<Plan> {
  const text =
    where === 'stage' ? readFileSync('config/plan.json', 'utf8') : (await lake.get(LAKE_PLAN))?.toString('utf8');
  try {
    const plan = JSON.parse(text ?? '') as Plan;
    if (plan.format === 1 && Array.isArray(plan.groups)) return plan;
  } catch {
    // told below
  }
  throw new FatalError(
    'poll',
    'invalid_plan',
    `${LAKE_PLAN} is no plan of format 1: restore it from version control, or on this machine start a run`,
  );
}
