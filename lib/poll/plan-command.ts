/**
 * `npm run plan`: makes config/plan.json of config/systems.csv. What is planned already keeps its place.
 * `npm run plan -- --check`: writes nothing, and fails when the plan is not what the catalogue gives.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { FatalError } from '../errors.ts';
import { readCatalogue } from './catalogue.ts';
import { EMPTY_PLAN, type Plan, planOf } from './plan.ts';
import { parsePlan } from './plan-text.ts';

/** The plan as the text of its file: stable, a line for each value, so that a review shows what moves. */
export const planText = (plan: Plan): string => `${JSON.stringify(plan, null, 2)}\n`;

const RESTORE = 'restore it from version control (without it all lanes would be planned anew)';

export interface PlanFiles {
  readonly catalogue: string;
  readonly plan: string;
}

/** Writes or checks the plan; answers with what to tell the person. Throws FatalError with the remedy. */
export function runPlan({ catalogue, plan: file }: PlanFiles, check: boolean): string {
  const systems = readCatalogue(catalogue);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const plan = planOf(systems, before === '' ? EMPTY_PLAN : parsePlan(before, file, RESTORE));
  const text = planText(plan);
  const lanes = new Set(plan.groups.flatMap((g) => g.systems.flatMap((s) => s.lanes)));
  const summary = `${systems.length} systems, ${plan.groups.length} groups, ${lanes.size} lanes`;
  if (text === before) return `${file} is what ${catalogue} gives: ${summary}`;
  if (check) throw new FatalError('poll', 'stale_plan', `${file} is not what ${catalogue} gives: run npm run plan`);
  writeFileSync(file, text);
  return `${file} written: ${summary}`;
}

if (import.meta.main) {
  try {
    console.log(
      runPlan({ catalogue: 'config/systems.csv', plan: 'config/plan.json' }, process.argv.includes('--check')),
    );
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
