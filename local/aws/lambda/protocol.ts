/** What the Lambda service and the thread of an execution environment say to each other. */

/** Synchronous invocations: "6 MB" for request and response each (Lambda quotas; the service's own error says 6,291,556 bytes). */
export const REQUEST_LIMIT_BYTES = 6_291_556;
export const RESPONSE_LIMIT_BYTES = 6_291_556;

export interface EnvironmentSetup {
  readonly function_name: string;
  readonly function_arn: string;
  readonly handler: string;
  /** Folder of the package. */
  readonly code: string;
  readonly memory_mb: number;
  /** Memory of the virtual clock. */
  readonly clock: SharedArrayBuffer;
}

export interface Invoke {
  readonly id: string;
  /** JSON text as UTF-8. */
  readonly payload: Uint8Array;
  /** Real time, epoch ms. */
  readonly deadline_ms: number;
}

/** Tells the thread to end at once, wherever the invocation stands. `leaving` says it before the message is read. */
export const LEAVE = 'leave';

/** How Lambda answers for a function that threw. */
export interface ErrorAnswer {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

export type Answer =
  | { readonly id: string; readonly body: Uint8Array }
  | { readonly id: string; readonly error: ErrorAnswer };

export function toErrorAnswer(thrown: unknown): ErrorAnswer {
  if (!(thrown instanceof Error)) {
    return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
  }
  return { errorType: thrown.name, errorMessage: thrown.message, trace: (thrown.stack ?? '').split('\n') };
}
