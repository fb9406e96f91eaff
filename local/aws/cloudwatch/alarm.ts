/** A metric alarm as the template has it, and its data points. */

import { nameOf } from '../../template/attributes.ts';
import type { Properties, Resource, Value as TemplateValue } from '../../template/resolve.ts';
import { textOf } from '../../template/text.ts';
import { type Evaluation, type MissingData, rangeOf } from './evaluation.ts';
import { compute, type Points, type Value } from './math.ts';
import { type Expression, idsIn, parseMath } from './math-parser.ts';
import type { MetricId, Statistics } from './series.ts';
import type { MetricStore } from './store.ts';

const STATISTICS: Readonly<Record<string, (s: Statistics) => number>> = {
  Sum: (s) => s.sum,
  Average: (s) => s.sum / s.count,
  Minimum: (s) => s.minimum,
  Maximum: (s) => s.maximum,
  SampleCount: (s) => s.count,
};
const COMPARISONS: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};
const MISSING: readonly string[] = ['missing', 'ignore', 'breaching', 'notBreaching'];
const MINUTE_S = 60;
const DAY_S = 86_400;

/** What an alarm asks for: a statistic of a metric, or an expression over other queries. */
export type Query =
  | { readonly kind: 'statistic'; readonly metric: MetricId; readonly statistic: string }
  | { readonly kind: 'expression'; readonly expression: Expression };

export interface MetricAlarm {
  /** Logical id. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly queries: ReadonlyMap<string, Query>;
  /** The query whose data points are compared with the threshold. */
  readonly watched: string;
  readonly period_s: number;
  readonly comparison: string;
  readonly threshold: number;
  readonly evaluation: Evaluation;
}

/** Properties that need nothing here, or are read below. Others (percentiles, anomaly bands, units, wall clock windows) are refused. */
const READ: readonly string[] = [
  ...[
    'AlarmName',
    'AlarmDescription',
    'ActionsEnabled',
    'AlarmActions',
    'OKActions',
    'InsufficientDataActions',
    'Tags',
  ],
  ...['ComparisonOperator', 'Threshold', 'EvaluationPeriods', 'DatapointsToAlarm', 'TreatMissingData'],
  ...['Namespace', 'MetricName', 'Dimensions', 'Statistic', 'Period', 'Metrics'],
];

/** Throws an Error that names what of the alarm can't be evaluated here. */
export function toAlarm(resource: Resource): MetricAlarm {
  const { properties: p } = resource;
  const foreign = Object.keys(p).find((name) => !READ.includes(name));
  if (foreign !== undefined) throw new Error(`${foreign} is not known`);
  const queries = new Map(p.Metrics === undefined ? [['m', statisticOf(p, p)] as const] : queriesOf(p.Metrics));
  const watched = p.Metrics === undefined ? 'm' : watchedOf(p.Metrics as Properties[]);
  const evaluation_periods = Number(p.EvaluationPeriods);
  const missing = textOf(p.TreatMissingData ?? 'missing');
  return {
    id: resource.id,
    name: nameOf(resource),
    description: textOf(p.AlarmDescription),
    queries: checked(queries),
    watched,
    period_s: periodOf(p),
    comparison: known('comparison', textOf(p.ComparisonOperator), Object.keys(COMPARISONS)),
    threshold: Number(p.Threshold),
    evaluation: {
      evaluation_periods,
      datapoints_to_alarm: Number(p.DatapointsToAlarm ?? evaluation_periods),
      missing: known('treatment of missing data', missing, MISSING) as MissingData,
    },
  };
}

function queriesOf(metrics: TemplateValue): (readonly [string, Query])[] {
  return (metrics as Properties[]).map((entry) => {
    const stat = entry.MetricStat as Properties | undefined;
    if (stat)
      return [textOf(entry.Id), statisticOf(stat.Metric as Properties, { Statistic: stat.Stat as TemplateValue })];
    return [textOf(entry.Id), { kind: 'expression', expression: parseMath(textOf(entry.Expression)) }];
  });
}

function statisticOf(metric: Properties, { Statistic }: Properties): Query {
  const dimensions = ((metric.Dimensions ?? []) as Properties[]).map(({ Name, Value }) => [
    textOf(Name),
    textOf(Value),
  ]);
  return {
    kind: 'statistic',
    metric: {
      namespace: textOf(metric.Namespace),
      name: textOf(metric.MetricName),
      dimensions: Object.fromEntries(dimensions),
    },
    statistic: known('statistic', textOf(Statistic), Object.keys(STATISTICS)),
  };
}

/** One query returns data, and the alarm is about it; ReturnData is true where it isn't said (CloudFormation, MetricDataQuery). */
function watchedOf(metrics: readonly Properties[]): string {
  const returned = metrics.filter(({ ReturnData }) => textOf(ReturnData ?? true) === 'true');
  if (returned.length === 1) return textOf(returned[0]?.Id);
  throw new Error(`${returned.length} of its metrics return data, and not one`);
}

/** One period for all: "Each metric must be using the same period" (user guide, "Alarms on math expressions"). */
function periodOf(p: Properties): number {
  const metrics = (p.Metrics ?? []) as Properties[];
  const given = metrics.flatMap(({ Period, MetricStat }) => [Period, (MetricStat as Properties | undefined)?.Period]);
  const periods = new Set([p.Period, ...given].filter((period) => period !== undefined).map(Number));
  const [period = 0] = periods;
  if (periods.size === 1 && period > 0 && period % MINUTE_S === 0) return period;
  throw new Error(`periods ${[...periods].join(', ')}: one period of whole minutes is known`);
}

function checked(queries: ReadonlyMap<string, Query>): ReadonlyMap<string, Query> {
  for (const [id, query] of queries) {
    const absent = query.kind === 'expression' && idsIn(query.expression).find((asked) => !queries.has(asked));
    if (absent) throw new Error(`${id} asks for ${absent}, which isn't there`);
  }
  return queries;
}

function known(what: string, value: string, values: readonly string[]): string {
  if (values.includes(value)) return value;
  throw new Error(`${what} ${value || '(none)'} is not known`);
}

/**
 * When the alarm is evaluated next after a time: every minute; every hour where it looks back for more than a day ("Alarm evaluation").
 * The window slides with it: at minute 6 an alarm with a period of five minutes sees the minutes 2 to 6.
 */
export function nextEvaluation({ period_s, evaluation }: MetricAlarm, after_ms: number): number {
  const step_ms = (period_s * evaluation.evaluation_periods > DAY_S ? 3600 : MINUTE_S) * 1000;
  return (Math.floor(after_ms / step_ms) + 1) * step_ms;
}

/** The watched values of the evaluation range that ends at a time, the oldest first. */
export function pointsOf(alarm: MetricAlarm, store: MetricStore, at_ms: number): Points {
  const { queries, watched, period_s, evaluation } = alarm;
  const count = rangeOf(evaluation.evaluation_periods);
  const computed = new Map<string, Value>();
  const valuesOf = (id: string): Value => {
    const there = computed.get(id);
    if (there !== undefined) return there;
    const query = queries.get(id) as Query;
    const value = query.kind === 'expression' ? compute(query.expression, valuesOf) : measured(query);
    computed.set(id, value);
    return value;
  };
  const measured = ({ metric, statistic }: Query & { kind: 'statistic' }): Points => {
    const series = store.find(metric);
    return Array.from({ length: count }, (_, i) => {
      const to_ms = at_ms - (count - 1 - i) * period_s * 1000;
      const found = series?.between(to_ms - period_s * 1000, to_ms);
      return found ? STATISTICS[statistic]?.(found) : undefined;
    });
  };
  const value = valuesOf(watched);
  return typeof value === 'number' ? [] : value;
}

/** Whether each of the values is beyond the threshold; null where there is none. */
export function breachingOf({ comparison, threshold }: MetricAlarm, points: Points): (boolean | null)[] {
  return points.map((value) => (value === undefined ? null : (COMPARISONS[comparison]?.(value, threshold) ?? null)));
}
