import { describe, expect, it } from 'vitest';
import type { Group } from '../../lib/poll/plan.ts';
import { cronOf, inputOf, schedulesOf } from '../../resources/schedules.cjs';

const group = (group_id: string, interval_s = 60): Group => ({ group_id, interval_s, systems: [] });
const names = { prefix: 'bikelake-dev-poll', functionArn: 'arn:poll', roleArn: 'arn:role', after: ['Stream'] };

describe('the schedule of an interval', () => {
  it.each([
    [60, 'cron(* * * * ? *)'],
    [120, 'cron(0/2 * * * ? *)'],
    [300, 'cron(0/5 * * * ? *)'],
    [600, 'cron(0/10 * * * ? *)'],
    [1800, 'cron(0/30 * * * ? *)'],
    [3600, 'cron(0 * * * ? *)'],
    [7200, 'cron(0 0/2 * * ? *)'],
    [43_200, 'cron(0 0/12 * * ? *)'],
    [86_400, 'cron(0 0 * * ? *)'],
  ])('%i s is %s', (interval_s, cron) => {
    expect(cronOf(interval_s)).toBe(cron);
  });

  // 420 s would fire at :56 and then at :00; 5,400 s has no single expression.
  it.each([0, -60, 30, 90, 420, 480, 5400, 18_000, 172_800, Number.NaN])(
    '%d s is refused: cron would not keep it evenly',
    (interval_s) => {
      expect(() => cronOf(interval_s)).toThrow(/can't be kept by a cron expression: give whole minutes/);
    },
  );
});

describe('the schedules of a plan', () => {
  it('are one a group: on time or not at all', () => {
    expect(schedulesOf({ format: 1, groups: [group('seoul-60'), group('gbfs_300', 300)] }, names)).toEqual({
      PollScheduleSeoul60: {
        Type: 'AWS::Scheduler::Schedule',
        DependsOn: ['Stream'],
        Properties: {
          Name: 'bikelake-dev-poll-seoul-60',
          Description: 'Polls 0 systems every 60 s',
          ScheduleExpression: 'cron(* * * * ? *)',
          ScheduleExpressionTimezone: 'UTC',
          FlexibleTimeWindow: { Mode: 'OFF' },
          State: 'ENABLED',
          Target: {
            Arn: 'arn:poll',
            RoleArn: 'arn:role',
            Input:
              '{"scheduled_time":"<aws.scheduler.scheduled-time>","group":{"group_id":"seoul-60","interval_s":60,"systems":[]}}',
            RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
          },
        },
      },
      PollScheduleGbfs300: expect.objectContaining({
        Properties: expect.objectContaining({
          Name: 'bikelake-dev-poll-gbfs_300',
          ScheduleExpression: 'cron(0/5 * * * ? *)',
        }),
      }),
    });
  });

  it('carry the group in their input, with the scheduled time as the slot', () => {
    const input = JSON.parse(inputOf(group('a')));
    expect(input).toEqual({
      scheduled_time: '<aws.scheduler.scheduled-time>',
      group: { group_id: 'a', interval_s: 60, systems: [] },
    });
  });

  it.each([
    [
      'two groups of one logical id',
      [group('a-b'), group('a_b')],
      /group a_b: its schedule would be called PollScheduleAB/,
    ],
    ['an id that no schedule may have', [group('a b')], /group a b: .* use letters, digits/],
    ['a long id', [group('x'.repeat(60))], /more than 64 characters: shorten/],
    ['an interval that cron has not', [group('a', 420)], /config\/plan.json, group a: an interval of 420 s/],
  ])('%s is refused, by the name of the group', (_, groups, message) => {
    expect(() => schedulesOf({ format: 1, groups }, names)).toThrow(message);
  });

  it('a group too large for the input of a schedule is refused', () => {
    const system = {
      system_id: 'x',
      kind: 'gbfs',
      url: `https://feeds.example/${'x'.repeat(2000)}`,
      interval_s: 60,
      time_zone: 'UTC',
      lanes: ['l'],
    } as const;
    const plan = { format: 1, groups: [{ ...group('a'), systems: Array(130).fill(system) }] } as const;
    expect(() => schedulesOf(plan, names)).toThrow(/longer than 262144 bytes: plan smaller groups/);
  });
});
