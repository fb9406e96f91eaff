/** How CloudWatch comes from data points to the state of an alarm. */
export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';
export type MissingData = 'missing' | 'ignore' | 'breaching' | 'notBreaching';

export interface Evaluation {
  /** N: data points that are evaluated. */
  readonly evaluation_periods: number;
  /** M: of these, how many must be breaching. */
  readonly datapoints_to_alarm: number;
  readonly missing: MissingData;
}

/**
 * Data points that are fetched beyond the evaluated ones, in case some are missing: how many CloudWatch fetches "depends on the length
 * of the alarm period"; in the examples of the user guide it is 5 for 3.
 */
const FURTHER_POINTS = 2;
export const rangeOf = (evaluation_periods: number): number => evaluation_periods + FURTHER_POINTS;

/**
 * The state after an evaluation ("How alarm state is evaluated when data is missing", with its tables, and "Avoiding premature transitions
 * to alarm state"). `points`: of the evaluation range, the oldest first: whether it is breaching; null where it is missing.
 */
export function stateOf(points: readonly (boolean | null)[], rule: Evaluation, current: AlarmState): AlarmState {
  const { evaluation_periods, datapoints_to_alarm, missing } = rule;
  const real = points.filter((point) => point !== null).slice(-evaluation_periods);
  const breaching = real.filter((point) => point).length;
  const verdict = (count: number): AlarmState => (count >= datapoints_to_alarm ? 'ALARM' : 'OK');
  const absent = evaluation_periods - real.length;
  if (absent === 0 || missing === 'notBreaching') return verdict(breaching);
  if (missing === 'breaching') return verdict(breaching + absent);
  if (breaching >= datapoints_to_alarm) return 'ALARM';
  if (breaching < real.length) return 'OK';
  if (missing === 'ignore') return current;
  const oldest = points.indexOf(true);
  return oldest >= 0 && points.length - oldest >= datapoints_to_alarm ? 'ALARM' : 'INSUFFICIENT_DATA';
}
