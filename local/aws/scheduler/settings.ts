import { nameOf } from '../../template/attributes.ts';
import { type Honoured, only } from '../../template/honoured.ts';
import type { Properties, Resource } from '../../template/resolve.ts';
import { textOf } from '../../template/text.ts';
import { functionNameOf } from '../lambda/settings.ts';

/** A schedule of EventBridge Scheduler whose target is a function. */
export interface Schedule {
  readonly name: string;
  /** `cron(…)` or `rate(…)`, in UTC. */
  readonly expression: string;
  /** Name or ARN of the function. */
  readonly function_name: string;
  /** JSON text; `<aws.scheduler.scheduled-time>` in it is replaced. */
  readonly input: string;
  readonly enabled: boolean;
}

export const SCHEDULE_HONOURED: Honoured = {
  Name: true,
  GroupName: true,
  Description: true,
  ScheduleExpression: true,
  ScheduleExpressionTimezone: only('UTC'),
  State: true,
  FlexibleTimeWindow: { Mode: only('OFF') },
  Target: {
    Arn: (arn) => (textOf(arn).includes(':lambda:') ? null : `${textOf(arn)} is no function: the schedule is left out`),
    Input: true,
    RoleArn: true,
    // Applies where the invocation can't be queued, which doesn't happen here; the function's own retries are in its EventInvokeConfig.
    RetryPolicy: true,
    DeadLetterConfig: true,
  },
};

export function toSchedule(resource: Resource): Schedule {
  const { properties: p } = resource;
  const target = p.Target as Properties;
  return {
    name: nameOf(resource),
    expression: textOf(p.ScheduleExpression),
    function_name: functionNameOf(textOf(target.Arn)),
    input: textOf(target.Input ?? '{}'),
    enabled: (p.State ?? 'ENABLED') === 'ENABLED',
  };
}
