import type { Plan } from '../../lib/poll/plan.ts';
import { schedulesOf as resourcesOf } from '../../resources/schedules.cjs';
import { type Schedule, toSchedule } from '../aws/scheduler/settings.ts';
import type { Properties } from '../template/resolve.ts';

/** The schedules of a plan of this run's own, made as the template's are, in their place. */
export function schedulesOf(plan: Plan, function_arn: string): Schedule[] {
  const resources = resourcesOf(plan, { prefix: 'local', functionArn: function_arn, roleArn: 'local', after: [] });
  return Object.entries(resources).map(([id, { Type, Properties: properties }]) =>
    toSchedule({ id, type: Type, properties: properties as unknown as Properties }),
  );
}
