const HOUR_MINUTES = 60;
const DAY_HOURS = 24;
/** What EventBridge Scheduler takes as the input of a schedule. */
const INPUT_LIMIT_BYTES = 256 * 1024;
/** What EventBridge Scheduler takes as the name of a schedule. */
const NAME_LIMIT = 64;

/**
 * The cron expression (UTC) that fires every `interval_s`, at whole minutes and at the same minutes every hour or day.
 * Throws for an interval that cron can't keep evenly: whole minutes that divide an hour, or whole hours that divide a day.
 */
function cronOf(interval_s) {
  const minutes = interval_s / 60;
  const hours = minutes / HOUR_MINUTES;
  if (minutes === 1) return 'cron(* * * * ? *)';
  if (Number.isInteger(minutes) && minutes > 0 && HOUR_MINUTES % minutes === 0 && minutes < HOUR_MINUTES) {
    return `cron(0/${minutes} * * * ? *)`;
  }
  if (hours === 1) return 'cron(0 * * * ? *)';
  if (Number.isInteger(hours) && hours > 0 && DAY_HOURS % hours === 0 && hours < DAY_HOURS) {
    return `cron(0 0/${hours} * * ? *)`;
  }
  if (hours === DAY_HOURS) return 'cron(0 0 * * ? *)';
  throw new Error(
    `an interval of ${interval_s} s can't be kept by a cron expression: give whole minutes that divide an hour (60, 120, 300, 600 …) or whole hours that divide a day`,
  );
}

/** The input of a group's schedule: Scheduler puts the scheduled time in. The group travels in it, so a poll needs no file and no table to know what to poll. */
function inputOf(group) {
  return JSON.stringify({ scheduled_time: '<aws.scheduler.scheduled-time>', group });
}

/** `seoul-60` → `PollScheduleSeoul60` */
function logicalIdOf(group_id) {
  const words = group_id.split(/[^A-Za-z0-9]+/).filter(Boolean);
  return `PollSchedule${words.map((w) => w[0].toUpperCase() + w.slice(1)).join('')}`;
}

/**
 * A schedule for each group of the plan, by logical id. `names`: prefix of the schedules' names; ARN of the poll function and of the role that may
 * invoke it, as CloudFormation values; logical ids of what must be there before the first poll.
 * Throws for a group whose schedule AWS would refuse, with the group and the remedy.
 */
function schedulesOf(plan, names) {
  const schedules = {};
  for (const group of plan.groups) {
    const id = logicalIdOf(group.group_id);
    const name = `${names.prefix}-${group.group_id}`;
    const input = inputOf(group);
    const refuse = (why) => {
      throw new Error(`config/plan.json, group ${group.group_id}: ${why}`);
    };
    if (id in schedules) refuse(`its schedule would be called ${id}, as that of another group is: rename one`);
    if (!/^[0-9A-Za-z_.-]+$/.test(name)) refuse(`${name} is no name for a schedule: use letters, digits, - _ .`);
    if (name.length > NAME_LIMIT) refuse(`${name} has more than ${NAME_LIMIT} characters: shorten the group's id`);
    if (Buffer.byteLength(input) > INPUT_LIMIT_BYTES) {
      refuse(`its schedule's input is longer than ${INPUT_LIMIT_BYTES} bytes: plan smaller groups`);
    }
    let cron;
    try {
      cron = cronOf(group.interval_s);
    } catch (error) {
      refuse(error.message);
    }
    schedules[id] = {
      Type: 'AWS::Scheduler::Schedule',
      ...(names.after.length > 0 && { DependsOn: names.after }),
      Properties: {
        Name: name,
        Description: `Polls ${group.systems.length} system${group.systems.length === 1 ? '' : 's'} every ${group.interval_s} s`,
        ScheduleExpression: cron,
        ScheduleExpressionTimezone: 'UTC',
        FlexibleTimeWindow: { Mode: 'OFF' },
        State: 'ENABLED',
        Target: {
          Arn: names.functionArn,
          RoleArn: names.roleArn,
          Input: input,
          // A poll that could not be started at its time is missing: it is counted, not made up for.
          RetryPolicy: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 },
        },
      },
    };
  }
  return schedules;
}

module.exports = { cronOf, inputOf, logicalIdOf, schedulesOf };
