import { performance } from 'node:perf_hooks';
import { runInThisContext } from 'node:vm';
import type fc from 'fast-check';
import { FatalError, RejectedInput, TransientError } from '../../lib/errors.ts';

/** A case may take this long; the documents are small. */
const CASE_MS = 5_000;
/** Properties that share the time of `npm run fuzz`. */
const PROPERTIES = 17;

const { FUZZ_MINUTES, FUZZ_SEED } = process.env;

/** `npm test` draws the same cases each time; `npm run fuzz` draws others for as long as it was told. A failure prints its seed. */
export function runs(count: number): fc.Parameters<unknown> {
  if (FUZZ_MINUTES === undefined) return { numRuns: count, seed: 1 };
  const share_ms = (Number(FUZZ_MINUTES) * 60_000) / PROPERTIES;
  const seed = FUZZ_SEED === undefined ? Date.now() % 2_147_483_647 : Number(FUZZ_SEED);
  return { numRuns: 100_000_000, seed, interruptAfterTimeLimit: share_ms, markInterruptAsFailure: false };
}

/** For the test that runs a property: in a long run its share, and time to shrink. */
export const TEST_MS = 60_000 + (FUZZ_MINUTES === undefined ? 0 : (Number(FUZZ_MINUTES) * 120_000) / PROPERTIES);

/** The errors that a parser may end with, besides those a caller names. */
export const isNamed = (error: unknown): boolean =>
  (error instanceof RejectedInput || error instanceof TransientError || error instanceof FatalError) &&
  /^[a-z0-9_]+$/.test(error.reason) &&
  error.message !== '';

/** Runs a synchronous case, which is ended after its time also where it never ends. undefined where it ended with a named error. */
export function bounded<T>(run: () => T, isAllowed: (error: unknown) => boolean = isNamed): T | undefined {
  const slot = globalThis as { fuzzCase?: () => T };
  slot.fuzzCase = run;
  try {
    return runInThisContext('fuzzCase()', { timeout: CASE_MS }) as T;
  } catch (error) {
    if (!isAllowed(error)) throw error;
    return undefined;
  }
}

/** As `bounded`, for what awaits: its time is looked at when it ends. */
export async function boundedAsync<T>(run: () => Promise<T>): Promise<T | undefined> {
  const began_ms = performance.now();
  const result = await run().catch((error: unknown) => {
    if (!isNamed(error)) throw error;
    return undefined;
  });
  const took_ms = performance.now() - began_ms;
  if (took_ms > CASE_MS) throw new Error(`the case took ${Math.round(took_ms)} ms, more than ${CASE_MS}`);
  return result;
}
