/** The embedded metric format: metrics in the lines that a function prints (CloudWatch user guide, "Specification: Embedded metric format"). */
import type { MetricId } from './series.ts';
import type { MetricStore } from './store.ts';

/** A value of a metric at a time. */
export interface Datum {
  readonly id: MetricId;
  readonly value: number;
  /** UTC epoch ms. */
  readonly time_ms: number;
}

interface Directive {
  readonly Namespace?: unknown;
  readonly Dimensions?: unknown;
  readonly Metrics?: unknown;
}

const MARK = '"_aws"';

/** The metrics of a printed line; none in a line of another kind, and none that lack their name, value, namespace or dimension. */
export function metricsOf(line: string): Datum[] {
  if (!line.includes(MARK)) return [];
  let root: Record<string, unknown>;
  try {
    root = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return [];
  }
  const { Timestamp, CloudWatchMetrics } = (root._aws ?? {}) as { Timestamp?: unknown; CloudWatchMetrics?: unknown };
  if (typeof Timestamp !== 'number' || !Array.isArray(CloudWatchMetrics)) return [];
  return (CloudWatchMetrics as Directive[]).flatMap((directive) => dataOf(directive, root, Timestamp));
}

/** Each set of dimensions is a metric of its own. */
function dataOf(
  { Namespace, Dimensions, Metrics }: Directive,
  root: Record<string, unknown>,
  time_ms: number,
): Datum[] {
  if (typeof Namespace !== 'string' || !Array.isArray(Metrics)) return [];
  const sets = Array.isArray(Dimensions) ? (Dimensions as string[][]) : [[]];
  const data: Datum[] = [];
  for (const set of sets.length === 0 ? [[]] : sets) {
    const dimensions = Object.fromEntries(set.map((name) => [name, root[name]]));
    if (!Object.values(dimensions).every((value) => typeof value === 'string')) continue;
    for (const { Name } of Metrics as { Name: string }[]) {
      const id = { namespace: Namespace, name: Name, dimensions: dimensions as Record<string, string> };
      for (const value of [root[Name]].flat()) if (typeof value === 'number') data.push({ id, value, time_ms });
    }
  }
  return data;
}

/** Puts the metrics of a printed line into a store. */
export function takeMetrics(store: MetricStore, line: string): void {
  for (const { id, value, time_ms } of metricsOf(line)) store.series(id).add(value, time_ms);
}
