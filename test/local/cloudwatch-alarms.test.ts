import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { breachingOf, nextEvaluation, pointsOf, toAlarm } from '../../local/aws/cloudwatch/alarm.ts';
import { Alarms, toCompositeAlarm } from '../../local/aws/cloudwatch/alarms.ts';
import { parseRule } from '../../local/aws/cloudwatch/composite.ts';
import { type AlarmState, type MissingData, stateOf } from '../../local/aws/cloudwatch/evaluation.ts';
import { compute, type Value } from '../../local/aws/cloudwatch/math.ts';
import { parseMath } from '../../local/aws/cloudwatch/math-parser.ts';
import { MetricStore } from '../../local/aws/cloudwatch/store.ts';
import type { Properties } from '../../local/template/resolve.ts';

const T0 = Date.parse('2026-03-01T00:00:00Z');
const MINUTE_MS = 60_000;
const TREATMENTS: readonly MissingData[] = ['missing', 'ignore', 'breaching', 'notBreaching'];

/** `0 - X`: not breaching, missing, breaching; the newest on the right. */
const pointsIn = (text: string): (boolean | null)[] =>
  text.split(' ').map((point) => (point === '-' ? null : point === 'X'));

describe('the state of an alarm when data are missing', () => {
  // The tables of the CloudWatch user guide, "How alarm state is evaluated when data is missing": an evaluation range of 5, 3 evaluation
  // periods; columns: missing, ignore, breaching, notBreaching. `=` keeps the state, `?` is INSUFFICIENT_DATA.
  const STATES: Record<string, AlarmState | '='> = { O: 'OK', A: 'ALARM', '?': 'INSUFFICIENT_DATA', '=': '=' };
  const check = (datapoints_to_alarm: number, points: string, states: string): void => {
    for (const [i, missing] of TREATMENTS.entries()) {
      for (const current of ['OK', 'ALARM', 'INSUFFICIENT_DATA'] as const) {
        const expected = STATES[states[i] ?? ''];
        const rule = { evaluation_periods: 3, datapoints_to_alarm, missing };
        const found = stateOf(pointsIn(points), rule, current);
        expect([points, missing, current, found]).toEqual([
          points,
          missing,
          current,
          expected === '=' ? current : expected,
        ]);
      }
    }
  };
  it('3 out of 3', () => {
    check(3, '0 - X - X', 'OOOO');
    check(3, '0 - - - -', 'OOOO');
    check(3, '- - - - -', '?=AO');
    check(3, '0 X X - X', 'AAAA');
    check(3, '- - X - -', 'A=AO');
  });
  it('2 out of 3', () => {
    check(2, '0 - X - X', 'AAAA');
    check(2, '0 0 X 0 X', 'AAAA');
    check(2, '0 - X - -', 'OOAO');
    check(2, '- - - - 0', 'OOAO');
    check(2, '- - - X -', 'A=AO');
  });
  it('one value that is breaching makes no alarm before its time', () => {
    check(3, '- - - - X', '?=AO');
    check(3, '- - - X -', '?=AO');
  });
  it('a range without gaps is judged by its newest points alone', () => {
    check(3, 'X X X 0 X', 'OOOO');
    check(2, '0 0 0 X X', 'AAAA');
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(...TREATMENTS),
        (points, datapoints_to_alarm, missing) => {
          const rule = { evaluation_periods: 3, datapoints_to_alarm, missing };
          const breaching = points.slice(2).filter((point) => point).length;
          expect(stateOf(points, rule, 'INSUFFICIENT_DATA')).toBe(breaching >= datapoints_to_alarm ? 'ALARM' : 'OK');
        },
      ),
    );
  });
});

describe('metric math', () => {
  const values = (text: string): (number | undefined)[] =>
    text.split(' ').map((v) => (v === '-' ? undefined : Number(v)));
  const result = (expression: string, metrics: Record<string, string | number>): Value =>
    compute(parseMath(expression), (id) => {
      const given = metrics[id];
      return typeof given === 'number' ? given : values(given ?? '');
    });
  const yields = (expression: string, metrics: Record<string, string | number>, expected: string): void =>
    expect([expression, result(expression, metrics)]).toEqual([expression, values(expected)]);

  // The examples of "Using math expressions with CloudWatch metrics".
  it('compares series, and takes a missing value for 0 where the other series has one', () => {
    const metrics = { metric1: '30 20 0 0', metric2: '20 - 20 -' };
    yields('metric1 < metric2', metrics, '0 0 1 0');
    yields('(metric1 >= 30)', metrics, '1 0 0 0');
    yields('(metric1 > 15 AND metric2 > 15)', metrics, '1 0 0 0');
    yields('metric1 > 15 || metric2 > 15', metrics, '1 1 1 0');
  });
  it('chooses by IF: 0 where the chosen value is missing, dropped where the condition is', () => {
    const metrics = { metric1: '1 1 0 0 -', metric2: '30 - 0 0 30', metric3: '0 0 20 - 20' };
    yields('IF(metric1, metric2, metric3)', metrics, '30 0 20 - -');
    yields('IF(metric1, 5, metric3)', metrics, '5 5 20 - -');
    yields('IF(metric1, metric2, 5)', metrics, '30 0 5 5 -');
    yields('IF(metric2 < 10, metric2)', { metric2: '30 - 0 7' }, '- - 0 7');
    yields('IF(metric2 < 10, 10, 2)', { metric2: '30 - 0 7' }, '2 - 10 10');
  });
  it('fills what is missing', () => {
    yields('FILL(m, 0)', { m: '- 1 - 2' }, '0 1 0 2');
    yields('FILL(m, REPEAT)', { m: '- 1 - 2' }, '- 1 1 2');
    yields('FILL(m, n)', { m: '- 1 - 2', n: '5 6 - 8' }, '5 1 - 2');
  });
  it('computes: * and / before + and -, from left to right; what is divided by 0 is dropped', () => {
    yields('100 * failed / all', { failed: '1 0 1 -', all: '4 5 0 5' }, '25 0 - 0');
    yields('10 - m - 2 * 3', { m: '1 -' }, '3 -');
    yields('-m + 1', { m: '1 0' }, '0 1');
    yields('(m + 1) * 2', { m: '1 -' }, '4 -');
    yields('m + n', { m: '1 - -', n: '- 2 -' }, '1 2 -');
  });
  it('an absence shows only while the clock goes', () => {
    yields('IF(clock > 0, FILL(polls, 0))', { clock: '- 60 60 60 -', polls: '- 3 - 2 9' }, '- 3 0 2 -');
  });
  it.each([
    ['SUM(METRICS())', 'function SUM is not known'],
    ['ANOMALY_DETECTION_BAND(m, 2)', 'function ANOMALY_DETECTION_BAND is not known'],
    ['IF(m)', 'IF takes other arguments'],
    ['FILL(m)', 'FILL takes other arguments'],
    ['FILL(m, LINEAR)', 'LINEAR is not known'],
    ['m ^ 2', '^ is not known'],
    ['m +', 'it ends too early'],
    ['m n', 'n is too much'],
    ['Metric > 1', 'Metric is not known'],
    ['(m', 'it ends too early'],
  ])('refuses %s by name', (expression, problem) => {
    expect(() => parseMath(expression)).toThrow(problem);
  });
});

const ALARM: Properties = {
  AlarmName: 'a',
  Namespace: 'n',
  MetricName: 'x',
  Dimensions: [{ Name: 'stage', Value: 'poll' }],
  Statistic: 'Sum',
  Period: 300,
  EvaluationPeriods: 2,
  Threshold: 3,
  ComparisonOperator: 'GreaterThanThreshold',
};
const alarmOf = (properties: Properties) => toAlarm({ id: 'A', type: 'AWS::CloudWatch::Alarm', properties });
const X = { namespace: 'n', name: 'x', dimensions: { stage: 'poll' } };

describe('the data points of an alarm', () => {
  const store = new MetricStore();
  for (let minute = 0; minute < 30; minute += 1) store.series(X).add(minute, T0 + minute * MINUTE_MS);
  const at = (minute: number) => T0 + minute * MINUTE_MS;
  it('are of whole periods that end now: at minute 6, a period of five minutes is the minutes 1 to 5, counted from 0', () => {
    const points = pointsOf(alarmOf(ALARM), store, at(6));
    expect(points).toEqual([undefined, undefined, 0, 1 + 2 + 3 + 4 + 5]);
  });
  it.each([
    ['Sum', 5 + 6 + 7 + 8 + 9],
    ['Average', 7],
    ['Minimum', 5],
    ['Maximum', 9],
    ['SampleCount', 5],
  ])('by %s', (Statistic, value) => {
    expect(pointsOf(alarmOf({ ...ALARM, Statistic }), store, at(10)).at(-1)).toBe(value);
  });
  it('are of exactly that namespace, name and dimensions', () => {
    const none = [undefined, undefined, undefined, undefined];
    expect(pointsOf(alarmOf({ ...ALARM, Namespace: 'm' }), store, at(10))).toEqual(none);
    expect(pointsOf(alarmOf({ ...ALARM, MetricName: 'y' }), store, at(10))).toEqual(none);
    expect(pointsOf(alarmOf({ ...ALARM, Dimensions: [] }), store, at(10))).toEqual(none);
    const Dimensions = [{ Name: 'stage', Value: 'gold' }];
    expect(pointsOf(alarmOf({ ...ALARM, Dimensions }), store, at(10))).toEqual(none);
  });
  it('of an expression over metrics and other expressions', () => {
    const { EvaluationPeriods, Threshold, ComparisonOperator, Namespace, MetricName, Dimensions } = ALARM;
    const MetricStat = { Metric: { Namespace, MetricName, Dimensions }, Period: 60, Stat: 'Sum' };
    const Metrics = [
      { Id: 'x', MetricStat, ReturnData: false },
      { Id: 'double', Expression: 'x * 2', ReturnData: false },
      { Id: 'more', Expression: 'IF(double > 10, double, 1)' },
    ];
    const properties = { EvaluationPeriods, Threshold, ComparisonOperator, Metrics };
    const alarm = alarmOf(properties as unknown as Properties);
    expect(alarm.period_s).toBe(60);
    expect(pointsOf(alarm, store, at(8))).toEqual([1, 1, 12, 14]);
    expect(breachingOf(alarm, [1, undefined, 12])).toEqual([false, null, true]);
  });
  it('is evaluated every minute, and every hour where it looks back for more than a day', () => {
    expect(nextEvaluation(alarmOf(ALARM), at(3) + 1)).toBe(at(4));
    expect(nextEvaluation(alarmOf({ ...ALARM, Period: 3600, EvaluationPeriods: 24 }), at(3))).toBe(at(4));
    expect(nextEvaluation(alarmOf({ ...ALARM, Period: 3600, EvaluationPeriods: 28 }), at(3))).toBe(at(60));
  });
  it.each([
    [{ Statistic: 'p99' }, 'statistic p99 is not known'],
    [{ ComparisonOperator: 'LessThanLowerThreshold' }, 'comparison LessThanLowerThreshold is not known'],
    [{ TreatMissingData: 'never' }, 'treatment of missing data never is not known'],
    [{ Unit: 'Count' }, 'Unit is not known'],
    [{ ThresholdMetricId: 'm' }, 'ThresholdMetricId is not known'],
    [{ Period: 10 }, 'periods 10: one period of whole minutes is known'],
    [{ Metrics: [{ Id: 'e', Expression: 'SEARCH(m)' }] }, 'function SEARCH is not known'],
    [{ Metrics: [{ Id: 'e', Expression: 'm + 1', Period: 300 }] }, "e asks for m, which isn't there"],
    [
      {
        Metrics: [
          { Id: 'e', Expression: '1' },
          { Id: 'f', Expression: '2' },
        ],
      },
      '2 of its metrics return data, and not one',
    ],
  ])('refuses %j by name', (properties, problem) => {
    expect(() => alarmOf({ ...ALARM, ...properties } as Properties)).toThrow(problem);
  });
});

describe('the rule of a composite alarm', () => {
  const states: Record<string, AlarmState> = { a: 'ALARM', b: 'OK', 'c d': 'INSUFFICIENT_DATA' };
  const holds = (rule: string): boolean => parseRule(rule).holds((name) => states[name] ?? 'OK');
  it.each([
    ['ALARM(a)', true],
    ['ALARM("b")', false],
    ['OK(b) AND INSUFFICIENT_DATA("c d")', true],
    ['ALARM(b) OR ALARM("arn:aws:cloudwatch:us-east-1:1:alarm:a")', true],
    ['ALARM(a) AND NOT OK(b)', false],
    ['ALARM(a) OR ALARM(b) AND ALARM(b)', true],
    ['(ALARM(a) OR ALARM(b)) AND ALARM(b)', false],
    ['NOT FALSE', true],
  ])('%s', (rule, expected) => {
    expect(holds(rule)).toBe(expected);
  });
  it('names the alarms that it looks at, and what it does not understand', () => {
    expect(parseRule('ALARM(a) OR NOT OK("c d")').alarms).toEqual(['a', 'c d']);
    expect(() => parseRule('WARN(a)')).toThrow('WARN is not known');
    expect(() => parseRule('ALARM(a) ALARM(b)')).toThrow('ALARM is too much');
    expect(() => parseRule('ALARM(a')).toThrow('its end stands where ) should');
  });
});

describe('alarms over a run', () => {
  const minutely = { ...ALARM, Period: 60, EvaluationPeriods: 2, TreatMissingData: 'notBreaching' };
  const composite = toCompositeAlarm({
    id: 'C',
    type: 'AWS::CloudWatch::CompositeAlarm',
    properties: { AlarmName: 'any', AlarmRule: 'ALARM("a")' },
  });
  const hhmm = (ms: number) => new Date(ms).toISOString().slice(11, 16);
  it('go to ALARM and back, each change once, and the composite follows', () => {
    const store = new MetricStore();
    const alarms = new Alarms(store, { metric: [alarmOf(minutely)], composite: [composite] }, T0);
    const add = (minute: number, value: number) => store.series(X).add(value, T0 + minute * MINUTE_MS);
    expect(alarms.state('a')).toBe('INSUFFICIENT_DATA');
    for (const minute of [0, 1, 4, 5]) add(minute, 4);
    for (const minute of [2, 3]) add(minute, 3);
    const changes = alarms.evaluateTo(T0 + 10 * MINUTE_MS);
    expect(changes.map(({ at_ms, name, to }) => `${hhmm(at_ms)} ${name} ${to}`)).toEqual([
      '00:01 a OK',
      '00:01 any OK',
      '00:02 a ALARM',
      '00:02 any ALARM',
      '00:03 a OK',
      '00:03 any OK',
      '00:06 a ALARM',
      '00:06 any ALARM',
      '00:09 a OK', // 3, 4, 4, -, -: until then the newest two that are there are breaching
      '00:09 any OK',
    ]);
    expect(alarms.evaluateTo(T0 + 10 * MINUTE_MS)).toEqual([]);
    expect(alarms.history()).toEqual(changes);
  });
  it('a jump over more than the metrics reach is passed over', () => {
    const alarms = new Alarms(new MetricStore(), { metric: [alarmOf(minutely)], composite: [] }, T0);
    expect(alarms.evaluateTo(T0 + 1000 * 24 * 60 * MINUTE_MS)).toHaveLength(1);
  });
});
