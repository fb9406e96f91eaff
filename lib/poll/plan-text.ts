import { FatalError } from '../errors.ts';
import type { Group, Plan, PlannedSystem } from './plan.ts';

const PLAN_FORMAT = 1;

/** The plan in the text of a file. Throws FatalError `invalid_plan` for anything else, with `remedy`; another format is named. */
export function parsePlan(text: string, file: string, remedy: string): Plan {
  const invalid = (why: string, cause?: unknown): FatalError =>
    new FatalError('poll', 'invalid_plan', `${file} ${why}: ${remedy}`, { cause });
  let plan: unknown;
  try {
    plan = JSON.parse(text);
  } catch (cause) {
    throw invalid('is not JSON', cause);
  }
  const { format, groups } = (plan ?? {}) as Partial<Plan>;
  if (format !== PLAN_FORMAT) {
    throw invalid(`is a plan of format ${JSON.stringify(format)}, this version reads ${PLAN_FORMAT}`);
  }
  if (!Array.isArray(groups) || !groups.every(isGroup)) {
    throw invalid(`is not a plan of format ${PLAN_FORMAT}: a group lacks its id, interval or systems`);
  }
  return plan as Plan;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

/** Whether a value can be polled as a group: of a plan, or of a schedule's input. */
export function isGroup(value: unknown): value is Group {
  const { group_id, interval_s, systems } = (value ?? {}) as Partial<Group>;
  return isText(group_id) && typeof interval_s === 'number' && Array.isArray(systems) && systems.every(isSystem);
}

function isSystem(value: unknown): value is PlannedSystem {
  const { system_id, kind, url, lanes } = (value ?? {}) as Partial<PlannedSystem>;
  if (!isText(system_id) || (kind !== 'seoul' && kind !== 'gbfs') || !URL.canParse(String(url))) return false;
  return Array.isArray(lanes) && lanes.length > 0 && lanes.every(isText);
}
