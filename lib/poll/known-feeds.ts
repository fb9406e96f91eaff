import { RejectedInput } from '../errors.ts';
import type { Reject } from '../event.ts';
import { rejectedBody } from './feed-poll.ts';
import { FetchFailure, NOT_STARTED } from './fetch/failure.ts';
import { redactedUrl } from './fetch/redact.ts';
import { parseDiscovery } from './parse/discovery.ts';
import type { PlannedSystem } from './plan.ts';
import type { FetchSession } from './session.ts';
import { isHourlyDue, type KnownFeeds } from './state.ts';

/** Where a system's feeds are; without `known`, why nobody knows. */
export interface Found {
  readonly known: KnownFeeds | null;
  /** Read in this poll, so that reading again can't help. */
  readonly is_fresh: boolean;
  readonly failure: FetchFailure | null;
  readonly rejects: readonly Reject[];
}

/** What is known of another catalogue URL doesn't count. */
const knownFor = ({ url }: PlannedSystem, known: KnownFeeds | null): KnownFeeds | null =>
  known?.catalogue_url === url ? known : null;

/** The feeds of a system: as known, read again once an hour. Where reading again brings nothing of use, what was known goes on. */
export async function findFeeds(
  system: PlannedSystem,
  before: KnownFeeds | null,
  session: FetchSession,
): Promise<Found> {
  const known = knownFor(system, before);
  const isDue = known === null || isHourlyDue(known.read_slot_ms, known.tried_slot_ms, session.slot_ms);
  return isDue ? readFeeds(system, known, session) : { known, is_fresh: false, failure: null, rejects: [] };
}

/** Reads the discovery document now. */
export async function readFeeds(
  system: PlannedSystem,
  before: KnownFeeds | null,
  session: FetchSession,
): Promise<Found> {
  const known = knownFor(system, before);
  const url = known?.url ?? system.url;
  let body: Buffer = Buffer.alloc(0);
  try {
    const { feeds, notes, moved_to } = await session.fetch({ url, is_urgent: true }, (fetched) => {
      body = fetched.body;
      return { ...parseDiscovery(body, fetched.moved_to ?? url), moved_to: fetched.moved_to };
    });
    if (known === null)
      for (const note of notes) session.warn('a discovery document is odd', { system_id: system.system_id, note });
    const slot_ms = session.slot_ms;
    const now: KnownFeeds = {
      catalogue_url: system.url,
      url: moved_to ?? url,
      feeds,
      read_slot_ms: slot_ms,
      tried_slot_ms: slot_ms,
    };
    return { known: now, is_fresh: true, failure: null, rejects: [] };
  } catch (error) {
    return kept(system, known, toFailure(error), body, session);
  }
}

/** After a reading that brought nothing: what was known, asked at the catalogue's URL next time. */
function kept(
  system: PlannedSystem,
  known: KnownFeeds | null,
  failure: FetchFailure,
  body: Buffer,
  session: FetchSession,
): Found {
  const { system_id, url } = system;
  const { reason, message } = failure;
  session.warn('a discovery document could not be read', { system_id, url: redactedUrl(url), reason, error: message });
  return {
    known: known && { ...known, url, tried_slot_ms: session.slot_ms },
    is_fresh: true,
    failure,
    rejects: body.length > 0 ? [rejectedBody({ system_id, feed: 'gbfs' }, reason, body, session)] : [],
  };
}

/** Reasons of their own, because the receipt is station_status's. */
function toFailure(error: unknown): FetchFailure {
  if (error instanceof RejectedInput) return new FetchFailure(named(error.reason), error.message);
  if (!(error instanceof FetchFailure)) throw error;
  return error.reason === NOT_STARTED ? error : new FetchFailure(named(error.reason), error.message, error);
}

const named = (reason: string): string => (reason === 'unsupported_gbfs_kind' ? reason : `discovery_${reason}`);
