import table from './metrics.json' with { type: 'json' };

/**
 * The one table of what is measured beyond what AWS measures itself. Metrics carry the stage and nothing else: a dimension with a value for
 * each system would be a metric for each, and cost more than the pipeline. `resources/` makes alarms and dashboard from the same file.
 */
export interface WatchMetric {
  readonly name: string;
  /** The value of the only dimension, `stage`. */
  readonly stage: 'poll' | 'silver' | 'gold';
  readonly unit: 'Count';
  readonly statistic: 'Sum' | 'Maximum';
  /** With each invocation; only with a value above 0; or once a day, by Gold's state machine. */
  readonly sent: 'each time' | 'when it happens' | 'daily';
  readonly meaning: string;
}

export const METRICS = table as readonly WatchMetric[];

/** Values by name, of the metrics of one stage. */
export type Counts = Readonly<Record<string, number>>;

/** What is to be sent of these values: all that the stage sends each time, and of the rest what happened. Throws for a name that is not in the table. */
export function metricsToSend(
  stage: WatchMetric['stage'],
  counts: Counts,
): readonly (readonly [WatchMetric, number])[] {
  return Object.entries(counts).flatMap(([name, value]) => {
    const metric = METRICS.find((m) => m.stage === stage && m.name === name);
    if (metric === undefined) throw new Error(`no metric ${name} of stage ${stage} in lib/watch/metrics.json`);
    return metric.sent === 'when it happens' && value === 0 ? [] : [[metric, value] as const];
  });
}
