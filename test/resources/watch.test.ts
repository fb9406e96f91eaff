import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { METRICS } from '../../lib/watch/metrics.ts';
import { type Packaged, packageService } from './package-service.ts';

let prod: Packaged;
beforeAll(() => {
  prod = packageService('prod', { plan: fileURLToPath(new URL('fixtures/plan.json', import.meta.url)) });
}, 120_000);
afterAll(() => prod?.remove());

const resources = () => Object.entries(prod.resources);

it('functions that measure send to the namespace that alarms read', () => {
  const senders = resources().flatMap(([id, { Properties: p }]) => {
    const namespace = p.Environment?.Variables?.METRICS_NAMESPACE;
    return namespace === undefined ? [] : [[id, namespace]];
  });
  expect(senders).toEqual([
    ['PollLambdaFunction', 'bikelake/prod'],
    ['SilverLambdaFunction', 'bikelake/prod'],
  ]);
  expect(prod.resources.PollKeyRefusedAlarm?.Properties.Namespace).toBe('bikelake/prod');
});

it('alarms read functions, streams and log groups that the template has, by their names', () => {
  const text = JSON.stringify(resources().filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm'));
  const NAMES: Readonly<Record<string, readonly [type: string, property: string]>> = {
    StreamName: ['AWS::Kinesis::Stream', 'Name'],
    DeliveryStreamName: ['AWS::KinesisFirehose::DeliveryStream', 'DeliveryStreamName'],
    FunctionName: ['AWS::Lambda::Function', 'FunctionName'],
    LogGroupName: ['AWS::Logs::LogGroup', 'LogGroupName'],
  };
  const read = [...text.matchAll(/\{"Name":"(\w+)","Value":"([^"]+)"\}/g)];
  const named = read.flatMap(([, dimension = '', value]) => (NAMES[dimension] ? [[dimension, value] as const] : []));
  expect(named.length).toBeGreaterThanOrEqual(7);
  for (const [dimension, value] of named) {
    const [type, property] = NAMES[dimension] ?? [];
    const there = resources().flatMap(([, { Type, Properties: p }]) => (Type === type ? [p[property ?? '']] : []));
    expect(there).toContain(value);
  }
  expect(prod.resources.SilverMapping?.Properties.MetricsConfig).toEqual({ Metrics: ['EventCount'] });
});

it('the daily metrics are what the state machine puts', () => {
  const machines = resources().filter(([, { Type }]) => Type === 'AWS::StepFunctions::StateMachine');
  const put = [...JSON.stringify(machines).matchAll(/MetricName\W+(\w+)/g)].map(([, name = '']) => name);
  const daily = METRICS.filter(({ sent }) => sent === 'daily').map(({ name }) => name);
  expect(put.sort()).toEqual(machines.length === 0 ? [] : daily.sort());
});
