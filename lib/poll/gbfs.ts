import { RejectedInput } from '../errors.ts';
import { afterPoll, isOpen } from './breaker.ts';
import {
  accepted,
  type Begun,
  confirmed,
  type FeedPoll,
  failed,
  leftOut,
  reasonOf,
  type SystemPoll,
} from './feed-poll.ts';
import { FetchFailure, NOT_STARTED } from './fetch/failure.ts';
import type { Fetched } from './fetch/http.ts';
import { type Found, findFeeds, readFeeds } from './known-feeds.ts';
import { parseStationInformation, parseStationStatus } from './parse/document.ts';
import type { Feed } from './parse/records.ts';
import { parseSystemInformation } from './parse/system-information.ts';
import type { PlannedSystem } from './plan.ts';
import type { FetchSession } from './session.ts';
import { isHourlyDue, type SystemState, usableValidators, type Validators } from './state.ts';

const PARSERS = { station_status: parseStationStatus, station_information: parseStationInformation } as const;

/** A poll of one feed, with what is to be remembered of it. */
interface Attempt {
  readonly poll: FeedPoll;
  readonly validators: Validators | null;
  readonly moved_to: string | null;
  readonly failure: FetchFailure | null;
}

/** Polls a GBFS system: where its feeds are, its station_status, and once an hour station_information. */
export async function pollGbfs(system: PlannedSystem, state: SystemState, session: FetchSession): Promise<SystemPoll> {
  const { system_id } = system;
  const begun: Begun = { system_id, feed: 'station_status', began_ms: session.now_ms() };
  if (isOpen(state.breaker, session.slot_ms)) return { polls: [leftOut(begun, state.breaker.reason, session)], state };

  let found = await findFeeds(system, state.known, session);
  if (found.known === null) return withoutFeeds(begun, found, state, session);
  let status = await pollFeed(begun, found.known.feeds.station_status ?? '', state, session);
  const rejects = [...found.rejects];
  if (status.failure && leadsElsewhere(status.failure) && !found.is_fresh) {
    const again = await readFeeds(system, found.known, session);
    rejects.push(...again.rejects);
    const [old, now] = [found.known.feeds.station_status, again.known?.feeds.station_status];
    if (again.known) found = again;
    if (now !== undefined && now !== old) status = await pollFeed(begun, now, state, session);
  }
  const hourly = await pollHourly(system, found, state, session);
  return {
    polls: [{ ...status.poll, rejects: [...rejects, ...status.poll.rejects] }, ...hourly.polls],
    state: nextState(state, found, status, hourly.information, session.slot_ms),
  };
}

function withoutFeeds(begun: Begun, found: Found, state: SystemState, session: FetchSession): SystemPoll {
  const poll = failed(begun, found.failure, session, found.rejects);
  const reason = poll.status === 'skipped' ? undefined : poll.reason;
  return {
    polls: [poll],
    state: {
      ...state,
      known: null,
      breaker: reason === undefined ? state.breaker : afterPoll(state.breaker, reason, session.slot_ms),
    },
  };
}

/** 4xx (but for 429) or no connection: the feed may be somewhere else by now. */
const leadsElsewhere = ({ http_code, reason }: FetchFailure): boolean =>
  reason !== NOT_STARTED &&
  (http_code === null ? reason !== 'timed_out' : http_code >= 400 && http_code < 500 && http_code !== 429);

async function pollFeed(begun: Begun, url: string, state: SystemState, session: FetchSession): Promise<Attempt> {
  const { system_id, feed } = begun;
  const validators = usableValidators(state.validators[feed], url, session.slot_ms);
  const before = state.validators[feed] ?? null;
  const is_urgent = feed === 'station_status';
  let fetched: Fetched;
  try {
    fetched = await session.fetch({ url, is_urgent, validators }, (document) => document);
  } catch (error) {
    const failure = error instanceof FetchFailure ? error : null;
    return { poll: failed(begun, error, session), validators: before, moved_to: null, failure };
  }
  const { status, body, etag, last_modified, moved_to } = fetched;
  if (status === 304 && validators) {
    return { poll: confirmed(begun, validators.basis_slot_ms, session), validators, moved_to, failure: null };
  }
  const { slot_ms } = session;
  const poll = accepted(begun, body, session, (fetched_at_ms) =>
    PARSERS[feed](body, { system_id, slot_ms, fetched_at_ms }),
  );
  const isNamed = etag !== null || last_modified !== null;
  const named = isNamed ? { url: moved_to ?? url, etag, last_modified, basis_slot_ms: slot_ms } : null;
  return { poll, validators: poll.status === 'ok' ? named : before, moved_to, failure: null };
}

interface Hourly {
  readonly polls: readonly FeedPoll[];
  readonly information: Attempt | null;
}

/** What is due once an hour comes after every status document, and is left for the next slot where the time is over. */
async function pollHourly(
  system: PlannedSystem,
  { known, is_fresh, failure }: Found,
  state: SystemState,
  session: FetchSession,
): Promise<Hourly> {
  const { station_information, system_information } = known?.feeds ?? {};
  const { information_slot_ms, information_tried_slot_ms } = state;
  const isDue =
    station_information !== undefined && isHourlyDue(information_slot_ms, information_tried_slot_ms, session.slot_ms);
  const begun: Begun = { system_id: system.system_id, feed: 'station_information', began_ms: session.now_ms() };
  const [information] = await Promise.all([
    isDue ? pollFeed(begun, station_information, state, session) : null,
    is_fresh && failure === null && system_information !== undefined
      ? checkSystem(system, system_information, session)
      : null,
  ]);
  return { polls: information ? [information.poll] : [], information };
}

/** Whether the operator says of itself what the catalogue says; a difference is for a person, and changes nothing. */
async function checkSystem({ system_id, time_zone }: PlannedSystem, url: string, session: FetchSession): Promise<void> {
  try {
    const told = await session.fetch({ url, is_urgent: false }, ({ body }) => parseSystemInformation(body));
    if (told.time_zone === null || told.time_zone === time_zone) return;
    session.warn('the catalogue has another time zone than the feed', {
      system_id,
      catalogue: time_zone,
      feed: told.time_zone,
    });
  } catch (error) {
    if (!(error instanceof FetchFailure) && !(error instanceof RejectedInput)) throw error;
    session.warn('system_information could not be read', {
      system_id,
      reason: reasonOf(error),
      error: error.message,
    });
  }
}

function nextState(
  state: SystemState,
  { known }: Found,
  status: Attempt,
  information: Attempt | null,
  slot_ms: number,
): SystemState {
  const isStored = information?.poll.status === 'ok' || information?.poll.status === 'not_modified';
  const isTried = information !== null && information.poll.status !== 'skipped';
  const feeds = known && {
    ...known.feeds,
    ...movedFeed('station_status', status),
    ...movedFeed('station_information', information),
  };
  return {
    known: known && { ...known, feeds: feeds ?? known.feeds },
    validators: {
      ...(status.validators && { station_status: status.validators }),
      ...validatorsOf(information, state),
    },
    information_slot_ms: isStored ? slot_ms : state.information_slot_ms,
    information_tried_slot_ms: isTried ? slot_ms : state.information_tried_slot_ms,
    breaker:
      status.poll.status === 'skipped'
        ? state.breaker
        : afterPoll(state.breaker, status.failure?.reason ?? null, slot_ms),
  };
}

const movedFeed = (feed: Feed, attempt: Attempt | null) => (attempt?.moved_to ? { [feed]: attempt.moved_to } : {});

function validatorsOf(information: Attempt | null, state: SystemState) {
  const validators = information ? information.validators : state.validators.station_information;
  return validators ? { station_information: validators } : {};
}
