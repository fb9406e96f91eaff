import { type Effect, type EffectKind, serviceError } from './cloud.ts';

const SERVER_ERROR = () => serviceError('InternalError', 500);
const NO_ANSWER = () => serviceError('TimeoutError');

/** What may go wrong with a call: the error that its caller gets, and when the effect takes place, if it does. */
export interface CallFault {
  readonly name: string;
  readonly error: () => Error;
  readonly happens?: 'before' | 'later';
}

const FAILS: CallFault = { name: 'fails', error: SERVER_ERROR };
export const CALL_FAULTS: Readonly<Record<EffectKind, readonly CallFault[]>> = {
  put: [
    { name: 'done, the answer is lost', error: NO_ANSWER, happens: 'before' },
    { name: 'the request is lost', error: SERVER_ERROR },
    { name: 'no answer, and it lands later', error: NO_ANSWER, happens: 'later' },
    { name: 'conflict', error: () => serviceError('ConditionalRequestConflict', 409) },
    { name: 'denied', error: () => serviceError('AccessDenied', 403) },
  ],
  get: [FAILS],
  list: [FAILS],
  'read checkpoint': [FAILS],
  'write checkpoint': [FAILS, { name: 'done, the answer is lost', error: NO_ANSWER, happens: 'before' }],
};

/** Performs the effect, and gives its answer or its refusal. */
export function attempt(effect: Effect): { value?: unknown; error?: Error } {
  try {
    return { value: effect.perform() };
  } catch (error) {
    return { error: error as Error };
  }
}
