import { FatalError, TransientError } from '../errors.ts';

/** Refusals that pass by themselves, although the service answers them with a 4xx. */
const PASSING = /Throttl|ProvisionedThroughput|LimitExceeded|TooManyRequests|RequestTimeout|Expired/;

/** What the failure of a call to AWS means for sending again: a 4xx says that it would fail again, except where the service is only busy. */
export function toPutError(error: unknown): Error {
  const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode ?? 0;
  const isFinal = status >= 400 && status < 500 && !PASSING.test(name);
  const PutError = isFinal ? FatalError : TransientError;
  return new PutError('stream', name, `${name}: ${message}`, { cause: error });
}
