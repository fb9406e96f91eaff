import type { BatchOutcome } from './batch-answer.ts';
import type { MappingSettings } from './settings.ts';

/** Records of one shard that are invoked together, and how often they were tried. */
export interface Batch<R> {
  readonly records: readonly R[];
  /** Retries that count: after the first try 0 are used. */
  readonly retries: number;
  /** Invocations in all, for the failure document. */
  readonly invocations: number;
}

export interface Next<R> {
  /** The position moves behind this record; null: nothing of the batch is done. */
  readonly done: R | null;
  /** Retries of these are used up: they go to the failure destination, and the position moves behind them. */
  readonly give_up: Batch<R> | null;
  /** What is invoked next, in this order, after a wait. */
  readonly batches: readonly Batch<R>[];
}

/**
 * What follows an invocation (Lambda developer guide, "Retain discarded batch records for a Kinesis Data Streams event source"):
 * - a partial answer moves the position to the lowest failure and the rest is tried again: with bisect that is the split, and doesn't use
 *   up a retry; without, it does;
 * - a failure of the whole splits the batch in two if bisect is on and it has more than one record: "Splitting batches doesn't consume the
 *   retry quota"; else it uses up a retry.
 * A failure at the first record is a failure of the whole, with nothing done.
 */
export function afterInvocation<R extends { readonly sequence_number: string }>(
  batch: Batch<R>,
  outcome: BatchOutcome,
  settings: Pick<MappingSettings, 'bisect' | 'maximum_retry_attempts'>,
): Next<R> {
  const { records, retries } = batch;
  const invocations = batch.invocations + 1;
  if (outcome === 'done') return { done: records.at(-1) ?? null, give_up: null, batches: [] };
  const from =
    outcome === 'failed'
      ? 0
      : Math.max(
          0,
          records.findIndex((r) => r.sequence_number === outcome.failed_from),
        );
  const done = records[from - 1] ?? null;
  const rest = records.slice(from);
  if (settings.bisect && done !== null)
    return { done, give_up: null, batches: [{ records: rest, retries, invocations }] };
  if (settings.bisect && outcome === 'failed' && records.length > 1) {
    const half = Math.ceil(records.length / 2);
    const halves = [records.slice(0, half), records.slice(half)];
    return { done, give_up: null, batches: halves.map((r) => ({ records: r, retries, invocations })) };
  }
  const limit = settings.maximum_retry_attempts;
  if (limit >= 0 && retries >= limit) return { done, give_up: { records: rest, retries, invocations }, batches: [] };
  return { done, give_up: null, batches: [{ records: rest, retries: retries + 1, invocations }] };
}
