import type { Group, Plan } from '../lib/poll/plan.ts';

export interface ScheduleNames {
  /** What the schedules' names begin with, such as `bikelake-dev-poll`. */
  readonly prefix: string;
  /** CloudFormation values: strings, or functions such as Fn::GetAtt. */
  readonly functionArn: unknown;
  readonly roleArn: unknown;
  /** Logical ids of what must be there before the first poll. */
  readonly after: readonly string[];
}

export interface ScheduleResource {
  readonly Type: 'AWS::Scheduler::Schedule';
  readonly DependsOn?: readonly string[];
  readonly Properties: {
    readonly Name: string;
    readonly Description: string;
    readonly ScheduleExpression: string;
    readonly ScheduleExpressionTimezone: 'UTC';
    readonly FlexibleTimeWindow: { readonly Mode: 'OFF' };
    readonly State: 'ENABLED';
    readonly Target: {
      readonly Arn: unknown;
      readonly RoleArn: unknown;
      readonly Input: string;
      readonly RetryPolicy: { readonly MaximumRetryAttempts: 0; readonly MaximumEventAgeInSeconds: 60 };
    };
  };
}

export function cronOf(interval_s: number): string;
export function inputOf(group: Group): string;
export function logicalIdOf(group_id: string): string;
export function schedulesOf(plan: Plan, names: ScheduleNames): Record<string, ScheduleResource>;
