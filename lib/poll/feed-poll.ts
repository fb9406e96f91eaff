import { FatalError, RejectedInput } from '../errors.ts';
import type { ReceiptStatus, Reject } from '../event.ts';
import { FetchFailure, NOT_STARTED } from './fetch/failure.ts';
import type { Feed, ParsedDocument } from './parse/records.ts';
import type { FetchSession } from './session.ts';
import type { SystemState } from './state.ts';

/** What became of one feed document of one system at the slot, before anything is sent. */
export interface FeedPoll {
  readonly system_id: string;
  readonly feed: Feed;
  readonly status: ReceiptStatus;
  readonly http_code: number | null;
  readonly bytes: number;
  readonly latency_ms: number;
  readonly fetched_at_ms: number;
  readonly reason: string | null;
  readonly basis_slot_ms: number | null;
  /** With status ok. */
  readonly document: ParsedDocument | null;
  /** With status ok: the body, in case that its events can't be sent. */
  readonly body: Buffer | null;
  /** A document that could not be used as a whole. */
  readonly rejects: readonly Reject[];
}

/** The polls of one system at a slot, and its state if all of it is stored. */
export interface SystemPoll {
  readonly polls: readonly FeedPoll[];
  readonly state: SystemState;
}

/** When a poll began, on both clocks. */
export interface Begun {
  readonly system_id: string;
  readonly feed: Feed;
  readonly began_ms: number;
}

const timesOf = ({ system_id, feed, began_ms }: Begun, session: FetchSession) => ({
  system_id,
  feed,
  latency_ms: Math.round(session.now_ms() - began_ms),
  fetched_at_ms: session.clock_ms(),
});

const NOTHING = { http_code: null, bytes: 0, basis_slot_ms: null, document: null, body: null, rejects: [] } as const;

/** A poll that was not made because its breaker is open. */
export function leftOut(begun: Begun, reason: string | null, session: FetchSession): FeedPoll {
  return { ...timesOf(begun, session), ...NOTHING, status: 'breaker_open', reason };
}

/** A poll whose body is the one of an earlier slot. */
export function confirmed(begun: Begun, basis_slot_ms: number, session: FetchSession): FeedPoll {
  return {
    ...timesOf(begun, session),
    ...NOTHING,
    status: 'not_modified',
    http_code: 304,
    reason: null,
    basis_slot_ms,
  };
}

/**
 * A poll that brought a body, as `parse` takes it. A document that is rejected as a whole makes a failed poll, and goes to quarantine.
 */
export function accepted(
  begun: Begun,
  body: Buffer,
  session: FetchSession,
  parse: (fetched_at_ms: number) => ParsedDocument,
): FeedPoll {
  const times = timesOf(begun, session);
  const got = { ...times, http_code: 200, bytes: body.length, basis_slot_ms: null };
  try {
    return { ...got, status: 'ok', reason: null, document: parse(times.fetched_at_ms), body, rejects: [] };
  } catch (error) {
    if (!(error instanceof RejectedInput)) throw error;
    session.warn('a document was rejected', { ...begunNames(begun), reason: error.reason, error: error.message });
    const rejects = [rejectedBody(begun, error.reason, body, session)];
    return { ...got, status: 'failed', reason: error.reason, document: null, body: null, rejects };
  }
}

/** A poll that brought no document: skipped where it was not begun, else failed. `error` is anything that was thrown. */
export function failed(begun: Begun, error: unknown, session: FetchSession, rejects: readonly Reject[] = []): FeedPoll {
  const reason = reasonOf(error);
  const status = reason === NOT_STARTED ? 'skipped' : 'failed';
  const http_code = error instanceof FetchFailure ? error.http_code : null;
  session.warn(status === 'skipped' ? 'a poll was skipped' : 'a poll failed', {
    ...begunNames(begun),
    reason,
    error: messageOf(error),
  });
  return { ...timesOf(begun, session), ...NOTHING, status, http_code, reason, rejects };
}

/** A whole body for quarantine. It came in without secrets (session.ts), and goes to quarantine without them. */
export function rejectedBody(
  { system_id, feed }: { readonly system_id: string; readonly feed: string },
  reason: string,
  body: Buffer,
  session: FetchSession,
): Reject {
  return { system_id, slot_ms: session.slot_ms, feed, reason, place: 'document', raw: body };
}

const begunNames = ({ system_id, feed }: Begun) => ({ system_id, feed });
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The snake_case reason of whatever was thrown. */
export function reasonOf(error: unknown): string {
  const isOurs = error instanceof FetchFailure || error instanceof RejectedInput || error instanceof FatalError;
  return isOurs ? error.reason : 'unexpected_error';
}
