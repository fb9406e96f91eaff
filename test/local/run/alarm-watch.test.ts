import { describe, expect, it } from 'vitest';
import { toAlarm } from '../../../local/aws/cloudwatch/alarm.ts';
import { Alarms } from '../../../local/aws/cloudwatch/alarms.ts';
import { MetricStore } from '../../../local/aws/cloudwatch/store.ts';
import { VirtualClock } from '../../../local/clock.ts';
import { AlarmWatch, alarmLines } from '../../../local/run/alarm-watch.ts';

const T0 = Date.parse('2026-03-01T12:00:00Z');
const MINUTE_MS = 60_000;
const FAILED = { namespace: 'bikelake/dev', name: 'PollsFailed', dimensions: {} };
const DESCRIPTION = 'Feeds are down. Runbook: docs/runbooks/alarm-poll-failed.md';
const alarm = toAlarm({
  id: 'A',
  type: 'AWS::CloudWatch::Alarm',
  properties: {
    AlarmName: 'bikelake-dev-poll-failed',
    AlarmDescription: DESCRIPTION,
    Namespace: FAILED.namespace,
    MetricName: FAILED.name,
    Statistic: 'Sum',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 0,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
  },
});

/** A poll fails in the third minute; then five minutes are over. */
function watched(speed: number): { said: string[]; told: string[] } {
  const said: string[] = [];
  const store = new MetricStore();
  const alarms = new Alarms(store, { metric: [alarm], composite: [] }, T0);
  store.series(FAILED).add(1, T0 + 2 * MINUTE_MS);
  const clock = new VirtualClock(T0, speed);
  const watch = new AlarmWatch(alarms, clock, 'bikelake-dev-', (line) => said.push(line));
  clock.advanceTo(T0 + 3 * MINUTE_MS);
  watch.look(); // what the third minute measured may still be on its way
  expect(said).toEqual([]);
  clock.advanceTo(T0 + 4 * MINUTE_MS);
  watch.look();
  const told = alarmLines(watch.told());
  clock.advanceTo(T0 + 7 * MINUTE_MS);
  watch.look();
  return { said, told: [...told, ...alarmLines(watch.told())] };
}

describe('alarms of a run', () => {
  it('are told when they begin and when they are over, and stand in the report', () => {
    expect(watched(60)).toEqual({
      said: [`ALARM poll-failed at 03-01 12:03: ${DESCRIPTION}`, 'alarm poll-failed is over at 03-01 12:06'],
      told: [
        `alarms  poll-failed from 03-01 12:03 to the end: ${DESCRIPTION}`,
        `alarms  poll-failed from 03-01 12:03 to 03-01 12:06: ${DESCRIPTION}`,
      ],
    });
  });
  it.each([0, 61])('say nothing on a clock of speed %i, whose jumps are no age', (speed) => {
    expect(watched(speed)).toEqual({ said: [], told: [] });
  });
});
