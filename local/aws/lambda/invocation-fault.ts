import { setTimeout as pause } from 'node:timers/promises';
import type { Chance } from '../seeded.ts';
import { type ExecutionEnvironment, killed, type Outcome, timedOut } from './environment.ts';
import type { ErrorAnswer } from './protocol.ts';

/** What can happen to an invocation. */
export const INVOCATION_FAULTS = ['throttle', 'killed', 'timeout', 'twin', 'switch'] as const;
export type InvocationFault = (typeof INVOCATION_FAULTS)[number];

export interface Running {
  readonly running: Promise<Outcome>;
  readonly environment: ExecutionEnvironment;
  readonly request_id: string;
  readonly timeout_ms: number;
  /** How long such an invocation takes, real time. */
  readonly usual_ms: number;
  readonly chance: Chance;
}

export interface Met {
  /** What the caller is told. */
  readonly outcome: Promise<Outcome>;
  /** Nothing runs in the environment any more, or it has ended. */
  readonly over: Promise<unknown>;
}

/** Now and then the moment lies behind the end: all was done, and the answer is lost. */
const BEYOND = 1.3;

/** An invocation under way meets its fault. Kinds that were dealt with before it began leave it alone. */
export function meet(fault: InvocationFault | null, call: Running): Met {
  const { running, request_id, timeout_ms } = call;
  if (fault === 'killed') return ended(call, killed(request_id));
  if (fault === 'timeout') return ended(call, timedOut(request_id, timeout_ms));
  if (fault === 'twin') return { outcome: moment(call).then(() => ({ error: unknownEnd(request_id) })), over: running };
  return { outcome: running, over: running };
}

/** The environment ends at some moment of the invocation, whatever of its effects is done. */
function ended(call: Running, error: ErrorAnswer): Met {
  const outcome = moment(call).then(async (): Promise<Outcome> => {
    await call.environment.end(error);
    return { error };
  });
  return { outcome, over: outcome };
}

const moment = ({ usual_ms, chance }: Running): Promise<void> => pause(chance() * usual_ms * BEYOND);

/** The caller lost sight of the invocation: for it, it failed. */
const unknownEnd = (request_id: string): ErrorAnswer => ({
  errorType: 'Runtime.Unknown',
  errorMessage: `RequestId: ${request_id} Error: the connection to the function was lost; it may go on`,
  trace: [],
});
