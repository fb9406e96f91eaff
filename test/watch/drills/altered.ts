import type { Properties, Value } from '../../../local/template/resolve.ts';

/** An alarm's properties with one thing of them changed. */
export interface Altered {
  /** What was changed, by its path. */
  readonly change: string;
  readonly properties: Properties;
}

const OPPOSITE: Readonly<Record<string, string>> = {
  GreaterThanThreshold: 'LessThanOrEqualToThreshold',
  LessThanThreshold: 'GreaterThanOrEqualToThreshold',
};
/** Times as long: no drill lasts that. */
const LONGER = 40;

/** Each way in which a definition can be wrong without being malformed. */
export function alteredAlarms(properties: Properties): Altered[] {
  const periods = Number(properties.EvaluationPeriods);
  const longer = periods * LONGER;
  const comparison = properties.ComparisonOperator as string;
  return [
    ...metricsAltered(properties),
    { change: 'Threshold', properties: { ...properties, Threshold: comparison.startsWith('Greater') ? 1e15 : -1 } },
    {
      change: 'ComparisonOperator',
      properties: { ...properties, ComparisonOperator: OPPOSITE[comparison] ?? '' },
    },
    {
      change: 'EvaluationPeriods',
      properties: { ...properties, EvaluationPeriods: longer, DatapointsToAlarm: longer },
    },
    ...(periods > 1 ? [{ change: 'Period', properties: withPeriods(properties) as Properties }] : []),
  ];
}

/** Namespace, name, and each dimension's name and value, wherever a metric stands. */
function metricsAltered(properties: Properties): Altered[] {
  const paths = stringsIn(properties as Value, '').filter((path) =>
    /(^|\.Metric\.)(Namespace|MetricName|Dimensions\.\d+\.(Name|Value))$/.test(path),
  );
  return paths.map((path) => ({ change: named(properties, path), properties: withOther(properties, path) }));
}

function stringsIn(value: Value, path: string): string[] {
  if (typeof value === 'string') return [path];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, member]) => stringsIn(member, path === '' ? name : `${path}.${name}`));
}

function withOther(properties: Properties, path: string): Properties {
  const copy = structuredClone(properties) as Record<string, Value>;
  const steps = path.split('.');
  const last = steps.pop() ?? '';
  const parent = steps.reduce<Value>((value, step) => (value as Record<string, Value>)[step] as Value, copy);
  (parent as Record<string, Value>)[last] = 'something else';
  return copy;
}

/** `Metrics.1.MetricStat.Metric.Namespace` by the id of the query: `polls.Namespace`. */
function named(properties: Properties, path: string): string {
  const [, index, rest] = /^Metrics\.(\d+)\.MetricStat\.Metric\.(.*)$/.exec(path) ?? [];
  if (index === undefined) return path;
  const { Id } = (properties.Metrics as { Id: string }[])[Number(index)] ?? { Id: index };
  return `${Id}.${rest}`;
}

function withPeriods(value: Properties | Value): Value {
  if (Array.isArray(value)) return value.map(withPeriods);
  if (value === null || typeof value !== 'object') return value as Value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'Period' ? Number(member) * LONGER : withPeriods(member as Value),
    ]),
  );
}
