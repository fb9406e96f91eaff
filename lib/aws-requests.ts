/**
 * How long a call to AWS may take before its connection counts as lost, ms. The SDK has no limit of its own: an answer that never comes
 * would hold a function until Lambda ends it. What becomes of the call is unknown then, as after any lost answer.
 */
const CONNECT_MS = 2_000;

/** Of the clients that speak HTTP/1.1. */
export const within = (ms: number) => ({
  requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ms, throwOnRequestTimeout: true },
});

/** Of the Kinesis client, which speaks HTTP/2, one connection a call (the SDK's own setting). */
export const within2 = (ms: number) => ({ requestHandler: { requestTimeout: ms, disableConcurrentStreams: true } });

/** For clients whose calls are tried again by who makes them, in the time that is left: two layers of retries multiply, and wait too long. */
export const ONE_ATTEMPT = { maxAttempts: 1 };
