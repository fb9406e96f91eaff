import { Metrics } from '@aws-lambda-powertools/metrics';
import { type Counts, metricsToSend, type WatchMetric } from './metrics.ts';

/** Hands the values of a stage to CloudWatch. Never fails: what is measured is not worth a poll or a batch. */
export type Send = (counts: Counts) => void;

/**
 * Sends as a line of stdout in the embedded metric format, from which CloudWatch Logs makes the metrics: no call, no time, and it
 * also counts where the function fails afterwards. Made once for each environment. `namespace` is asked for when something is sent.
 */
export function sendMetrics(stage: WatchMetric['stage'], namespace: () => string): Send {
  let made: Metrics | undefined;
  return (counts) => {
    try {
      made ??= metricsOf(stage, namespace());
      const values = metricsToSend(stage, counts);
      if (values.length === 0) return;
      for (const [{ name, unit }, value] of values) made.addMetric(name, unit, value);
      made.publishStoredMetrics();
    } catch (error) {
      console.warn({ message: 'metrics could not be sent', stage, error: String(error) });
    }
  };
}

function metricsOf(stage: string, namespace: string): Metrics {
  const metrics = new Metrics({ namespace });
  metrics.clearDefaultDimensions(); // else each has a dimension `service`, and alarms would read another metric
  metrics.setDefaultDimensions({ stage });
  return metrics;
}
