/** The CloudWatch API, as far as something writes metrics: PutMetricData. The SDK's client speaks AWS JSON 1.0 to it, compressed where it is long. */
import { AwsError } from '../error.ts';
import type { Endpoint } from '../http.ts';
import { type Handle, type Input, serveJson } from '../json.ts';
import type { Statistics } from './series.ts';
import type { MetricStore } from './store.ts';

/** PutMetricData takes 1 MB and 1,000 metrics (API reference). */
const BODY_BYTES = 1024 * 1024;
const MOST_METRICS = 1_000;

export function startCloudWatch(store: MetricStore, clock: { now(): number }, port = 0): Promise<Endpoint> {
  return serveJson(
    {
      name: 'cloudwatch',
      target: 'GraniteServiceVersion20100801',
      limit_bytes: BODY_BYTES,
      fault: 'InternalServiceFault',
      throttle: { code: 'ThrottlingException', status: 400 },
      handle: cloudWatchOperations(store, clock),
    },
    port,
  );
}

interface Entry {
  readonly MetricName?: unknown;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
  /** Epoch seconds; now, if it isn't given. */
  readonly Timestamp?: unknown;
  readonly Value?: unknown;
  readonly Values?: readonly number[];
  readonly Counts?: readonly number[];
  readonly StatisticValues?: Readonly<Record<'SampleCount' | 'Sum' | 'Minimum' | 'Maximum', number>>;
}

function cloudWatchOperations(store: MetricStore, clock: { now(): number }): Handle {
  return async (operation, input) => {
    if (operation !== 'PutMetricData')
      throw new AwsError('UnknownOperationException', `The embedded CloudWatch has no operation ${operation}`);
    const { namespace, entries } = parse(input);
    const values = entries.map(statisticsOf); // all or nothing
    for (const [i, { MetricName, Dimensions, Timestamp }] of entries.entries()) {
      const dimensions = Object.fromEntries((Dimensions ?? []).map(({ Name, Value }) => [Name, Value]));
      const series = store.series({ namespace, name: String(MetricName), dimensions });
      const time_ms = typeof Timestamp === 'number' ? Timestamp * 1000 : clock.now();
      for (const statistics of values[i] ?? []) series.merge(statistics, time_ms);
    }
    return {};
  };
}

function parse({ Namespace, MetricData }: Input): { namespace: string; entries: readonly Entry[] } {
  const entries = Array.isArray(MetricData) ? (MetricData as Entry[]) : [];
  if (typeof Namespace !== 'string' || Namespace === '') throw invalid('The parameter Namespace is required.');
  if (entries.length === 0) throw invalid('The parameter MetricData is required.');
  if (entries.length > MOST_METRICS)
    throw invalid(`The collection MetricData must not have a size greater than ${MOST_METRICS}.`);
  const nameless = entries.findIndex(({ MetricName }) => typeof MetricName !== 'string' || MetricName === '');
  if (nameless >= 0) throw invalid(`The parameter MetricData.member.${nameless + 1}.MetricName is required.`);
  return { namespace: Namespace, entries };
}

function statisticsOf(entry: Entry, index: number): Statistics[] {
  const { Value, Values, Counts, StatisticValues: s } = entry;
  if (s) return [{ sum: s.Sum, count: s.SampleCount, minimum: s.Minimum, maximum: s.Maximum }];
  const values = Values ?? (Value === undefined ? [] : [Value]);
  if (values.length === 0 || !values.every((value) => typeof value === 'number'))
    throw invalid(`MetricData.member.${index + 1} needs Value, Values or StatisticValues with numbers.`);
  return values.map((value, i) => {
    const count = Counts?.[i] ?? 1;
    return { sum: value * count, count, minimum: value, maximum: value };
  });
}

const invalid = (message: string): AwsError => new AwsError('InvalidParameterValueException', message);
