import { afterEach, describe, expect, it } from 'vitest';
import { parseExpression } from '../../local/aws/scheduler/expression.ts';
import { Scheduler } from '../../local/aws/scheduler/scheduler.ts';
import type { Schedule } from '../../local/aws/scheduler/settings.ts';
import { VirtualClock } from '../../local/clock.ts';
import { ScriptedFaults } from './scripted-faults.ts';
import { temporaryFolder } from './workbench.ts';

const next = (expression: string, from: string): string =>
  new Date(parseExpression(expression).next(Date.parse(from))).toISOString();

describe('a schedule expression', () => {
  it('of a rate counts from the epoch', () => {
    expect(next('rate(5 minutes)', '2022-06-28T15:00:00Z')).toBe('2022-06-28T15:05:00.000Z');
    expect(next('rate(1 hour)', '2022-06-28T15:00:01Z')).toBe('2022-06-28T16:00:00.000Z');
    expect(next('rate(10 seconds)', '2022-06-28T15:00:01Z')).toBe('2022-06-28T15:00:10.000Z');
  });
  it.each([
    ['cron(* * * * ? *)', '2022-06-28T15:00:00Z', '2022-06-28T15:01:00.000Z'],
    ['cron(0/10 * * * ? *)', '2022-06-28T15:51:00Z', '2022-06-28T16:00:00.000Z'],
    ['cron(*/15 * * * ? *)', '2022-06-28T15:46:00Z', '2022-06-28T16:00:00.000Z'],
    ['cron(5,35 9-10 * * ? *)', '2022-06-28T09:35:00Z', '2022-06-28T10:05:00.000Z'],
    ['cron(0 0 1 * ? *)', '2022-06-28T15:00:00Z', '2022-07-01T00:00:00.000Z'],
    ['cron(0 12 ? * MON-FRI *)', '2022-07-01T12:00:00Z', '2022-07-04T12:00:00.000Z'],
    ['cron(0 0 29 FEB ? *)', '2022-06-28T15:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['cron(0 0 1 1 ? 2026)', '2022-06-28T15:00:00Z', '2026-01-01T00:00:00.000Z'],
  ])('%s after %s fires at %s', (expression, from, time) => {
    expect(next(expression, from)).toBe(time);
  });
  it('that will never fire again has no time', () => {
    expect(parseExpression('cron(0 0 1 1 ? 2020)').next(Date.parse('2022-06-28T15:00:00Z'))).toBe(
      Number.POSITIVE_INFINITY,
    );
  });
  it.each([
    'cron(* * * *)',
    'cron(60 * * * ? *)',
    'cron(x * * * ? *)',
    'rate(0 minutes)',
    'at(2026-01-01T00:00:00)',
    '',
  ])('names %s as unreadable', (expression) => {
    expect(() => parseExpression(expression)).toThrow(`schedule expression ${expression}:`);
  });
});

const SCHEDULE: Schedule = {
  name: 'poll-city',
  expression: 'cron(* * * * ? *)',
  function_name: 'poll',
  input: '{"scheduled_time":"<aws.scheduler.scheduled-time>","group":{"group_id":"city"}}',
  enabled: true,
};

let dir = '';
let clock: VirtualClock;
let scheduler: Scheduler | undefined;
let fired: string[];
let warned: string[] = [];
let faults: ScriptedFaults;

/** `chances`: how late (share of a minute) and whether twice (below 0.02), in turns; then 0.5 for ever. */
function start(chances: number[] = [], schedules = [SCHEDULE], invokeAsync?: () => Promise<void>): Scheduler {
  scheduler = new Scheduler({
    clock,
    chance: () => chances.shift() ?? 0.5,
    dir,
    warn: (message) => void warned.push(message),
    faults,
    invokeAsync:
      invokeAsync ??
      (async (name, payload) => {
        fired.push(`${name} ${Buffer.from(payload).toString()}`);
      }),
  });
  scheduler.start(schedules);
  return scheduler;
}

function begin(): void {
  dir = temporaryFolder();
  clock = new VirtualClock(Date.parse('2022-06-28T15:00:30Z'), 0);
  fired = [];
  warned = [];
  faults = new ScriptedFaults();
}

/** Moves the clock on, and lets what was woken run. */
async function to(time: string): Promise<void> {
  clock.advanceTo(Date.parse(time));
  await new Promise((resolve) => setImmediate(resolve));
}

const poll = (time: string): string => `poll {"scheduled_time":"${time}","group":{"group_id":"city"}}`;

afterEach(async () => {
  await scheduler?.stop();
  expect(warned).toEqual([]);
});

describe('the scheduler', () => {
  it('fires up to a minute late, with the scheduled time in the input', async () => {
    begin();
    start([0.75]);
    await to('2022-06-28T15:01:44.999Z');
    expect(fired).toEqual([]);
    await to('2022-06-28T15:01:45Z');
    expect(fired).toEqual([poll('2022-06-28T15:01:00Z')]);
  });
  it('fires now and then twice, with the same scheduled time', async () => {
    begin();
    start([0, 0.019, 0, 0.02]);
    await to('2022-06-28T15:01:00Z');
    await to('2022-06-28T15:02:00Z');
    expect(fired).toEqual([poll('2022-06-28T15:01:00Z'), poll('2022-06-28T15:01:00Z'), poll('2022-06-28T15:02:00Z')]);
    expect(scheduler?.counters()).toEqual({ fired: 3, twice: 1, missed: 0 });
  });
  it('does not fire a schedule that is disabled', async () => {
    begin();
    start([0], [{ ...SCHEDULE, enabled: false }]);
    await to('2022-06-28T16:00:00Z');
    expect(fired).toEqual([]);
  });
  it('goes on with the next time after a pause, and counts those that passed', async () => {
    begin();
    start([0, 0.5]);
    await to('2022-06-28T15:01:00Z');
    await scheduler?.stop();
    await to('2022-06-28T15:04:30Z');
    start([0, 0.5]);
    await to('2022-06-28T15:05:00Z');
    expect(fired).toEqual([poll('2022-06-28T15:01:00Z'), poll('2022-06-28T15:05:00Z')]);
    expect(scheduler?.counters()).toEqual({ fired: 1, twice: 0, missed: 3 });
  });
  it('stops only when what it fired came to its end', async () => {
    begin();
    let finish = (): void => undefined;
    start([0, 0.5], [SCHEDULE], () => new Promise((resolve) => (finish = resolve)));
    await to('2022-06-28T15:01:00Z');
    let stopped = false;
    const stopping = scheduler?.stop().then(() => (stopped = true));
    await to('2022-06-28T15:02:00Z');
    expect(stopped).toBe(false);
    finish();
    await stopping;
    expect(scheduler?.counters().fired).toBe(1);
  });
  it('refuses an expression that it cannot read before anything fires', () => {
    begin();
    expect(() => start([], [{ ...SCHEDULE, expression: 'at(noon)' }])).toThrow('schedule expression at(noon)');
  });
  it('fires twice where a fault says so', async () => {
    begin();
    faults.at('schedule.poll-city', 'duplicate');
    start([0, 0.5]);
    await to('2022-06-28T15:01:00Z');
    expect(fired).toEqual([poll('2022-06-28T15:01:00Z'), poll('2022-06-28T15:01:00Z')]);
  });
  it('fires late where a fault says so, after the next ones of the same schedule', async () => {
    begin();
    faults.at('schedule.poll-city', 'late');
    start([0, 0.75, 0.5, 0, 0.5]); // at once; 135 s later than that
    await to('2022-06-28T15:01:00Z');
    expect(fired).toEqual([]);
    await to('2022-06-28T15:02:00Z');
    await to('2022-06-28T15:03:14Z');
    await to('2022-06-28T15:03:15Z');
    expect(fired.at(0)).toBe(poll('2022-06-28T15:02:00Z'));
    expect(fired.at(-1)).toBe(poll('2022-06-28T15:01:00Z'));
    expect(scheduler?.counters().twice).toBe(0);
  });
  it('goes on where its state cannot be written', async () => {
    begin();
    faults.at('disk.state', 'disk_full');
    start([0, 0.5, 0, 0.5]);
    await to('2022-06-28T15:01:00Z');
    await to('2022-06-28T15:02:00Z');
    expect(fired).toEqual([poll('2022-06-28T15:01:00Z'), poll('2022-06-28T15:02:00Z')]);
    expect(warned.splice(0)).toEqual([expect.stringMatching(/^schedule poll-city: ENOSPC: no space left on device/)]);
  });
});
