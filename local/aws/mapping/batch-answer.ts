/** How far a batch is done, by the function's answer. */
export type BatchOutcome = 'done' | 'failed' | { readonly failed_from: string };

/**
 * Reads the answer of a function with ReportBatchItemFailures. Done: null, an empty object, an empty or null list. Failed as a whole: what
 * isn't JSON of this form, an empty or null identifier, one that isn't in the batch (Lambda developer guide, "Configuring partial batch
 * response with Kinesis"). Else the lowest sequence number that failed: everything before it is done.
 */
export function toBatchOutcome(payload: Uint8Array, sequence_numbers: readonly string[]): BatchOutcome {
  let answer: unknown;
  try {
    answer = JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return 'failed';
  }
  if (answer === null || answer === '') return 'done';
  if (typeof answer !== 'object') return 'failed';
  const failures = (answer as { batchItemFailures?: unknown }).batchItemFailures;
  if (failures === undefined || failures === null) return 'done';
  if (!Array.isArray(failures)) return 'failed';
  let lowest = sequence_numbers.length;
  for (const failure of failures) {
    const identifier = (failure as { itemIdentifier?: unknown } | null)?.itemIdentifier;
    const index = typeof identifier === 'string' ? sequence_numbers.indexOf(identifier) : -1;
    if (index < 0) return 'failed';
    lowest = Math.min(lowest, index);
  }
  const failed_from = sequence_numbers[lowest];
  return failed_from === undefined ? 'done' : { failed_from };
}
