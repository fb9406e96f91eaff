import { RejectedInput } from '../errors.ts';
import { afterPoll, isOpen } from './breaker.ts';
import { accepted, type Begun, type FeedPoll, failed, leftOut, rejectedBody, type SystemPoll } from './feed-poll.ts';
import { FetchFailure } from './fetch/failure.ts';
import type { Feed } from './parse/records.ts';
import { parseSeoulInformation, parseSeoulPage, parseSeoulStatus, type SeoulPage } from './parse/seoul.ts';
import type { PlannedSystem } from './plan.ts';
import type { FetchSession } from './session.ts';
import { isHourlyDue, type SystemState } from './state.ts';

/** The key of Seoul's open data host, which travels in the URL's path. */
export interface SeoulKey {
  read(): Promise<string>;
  /** The host refused it: the next poll reads it anew. */
  forget(): void;
}

/** What the host gives in one answer. */
export const PAGE_ROWS = 1_000;
const PAGES_AT_ONCE = 4;
/** 10,000 stations, four times what there are: against a host that never ends. */
export const MAX_PAGES = 10;

/** Polls 따릉이: one snapshot of all stations, which is status in each slot and, once an hour, information too. */
export async function pollSeoul(
  system: PlannedSystem,
  state: SystemState,
  session: FetchSession,
  key: SeoulKey,
): Promise<SystemPoll> {
  const { system_id } = system;
  const begun = (feed: Feed, began_ms: number): Begun => ({ system_id, feed, began_ms });
  const began_ms = session.now_ms();
  const { slot_ms } = session;
  if (isOpen(state.breaker, slot_ms)) {
    return { polls: [leftOut(begun('station_status', began_ms), state.breaker.reason, session)], state };
  }
  let pages: readonly SeoulPage[];
  const refused: Buffer[] = [];
  try {
    pages = await readSnapshot(system, await readKey(key), session, refused);
  } catch (error) {
    const poll = failed(begun('station_status', began_ms), error, session);
    if (poll.reason === 'invalid_key') key.forget();
    const rejects = refused.map((body) => rejectedBody(poll, poll.reason ?? '', body, session));
    const breaker =
      poll.status === 'skipped' || refused.length > 0 ? state.breaker : afterPoll(state.breaker, poll.reason, slot_ms);
    return { polls: [{ ...poll, rejects }], state: { ...state, breaker } };
  }
  const body = joined(pages);
  const take = (feed: Feed, parse: typeof parseSeoulStatus): FeedPoll =>
    accepted(begun(feed, began_ms), body, session, (fetched_at_ms) =>
      parse(pages, { system_id, slot_ms, fetched_at_ms }),
    );
  const status = take('station_status', parseSeoulStatus);
  const isDue = status.status === 'ok' && isHourlyDue(state.information_slot_ms, null, slot_ms);
  const information = isDue ? take('station_information', parseSeoulInformation) : null;
  return {
    polls: information ? [status, information] : [status],
    state: {
      ...state,
      information_slot_ms: information?.status === 'ok' ? slot_ms : state.information_slot_ms,
      breaker: afterPoll(state.breaker, null, slot_ms),
    },
  };
}

async function readKey(key: SeoulKey): Promise<string> {
  try {
    return await key.read();
  } catch (error) {
    throw new FetchFailure(
      'no_key',
      `the Seoul key could not be read: ${(error as Error).name}. Store it in the SSM parameter that SEOUL_KEY_PARAMETER names`,
    );
  }
}

/** Pages, four at once, until one is empty: the total that the host states counts the rows of its own page. A page that can't be had fails the snapshot: a part is no snapshot. */
async function readSnapshot(
  system: PlannedSystem,
  key: string,
  session: FetchSession,
  refused: Buffer[],
): Promise<readonly SeoulPage[]> {
  const pages: SeoulPage[] = [];
  while (pages.length < MAX_PAGES && !pages.some((page) => page.end)) {
    const count = Math.min(PAGES_AT_ONCE, MAX_PAGES - pages.length);
    const first = pages.length;
    const answers = await Promise.allSettled(
      Array.from({ length: count }, (_, n) => readPage(system, key, first + n, session, refused)),
    );
    for (const answer of answers) {
      if (answer.status === 'rejected') throw answer.reason;
      pages.push(answer.value);
    }
  }
  const end = pages.findIndex((page) => page.end);
  if (end < 0)
    session.warn('the list goes on after the last page that is read', {
      system_id: system.system_id,
      pages: MAX_PAGES,
    });
  return end < 1 ? pages.slice(0, end < 0 ? MAX_PAGES : 1) : pages.filter((page) => !page.end);
}

function readPage(
  { url }: PlannedSystem,
  key: string,
  page: number,
  session: FetchSession,
  refused: Buffer[],
): Promise<SeoulPage> {
  const [first, last] = [page * PAGE_ROWS + 1, (page + 1) * PAGE_ROWS];
  const pageUrl = `${url.replace(/\/$/, '')}/${encodeURIComponent(key)}/json/bikeList/${first}/${last}/`;
  return session.fetch({ url: pageUrl, is_urgent: true, secrets: [key] }, ({ body, content_type }) => {
    try {
      return parseSeoulPage(body, content_type);
    } catch (error) {
      if (error instanceof RejectedInput) refused.push(body);
      throw error;
    }
  });
}

/** The pages as one body, a line each. */
const joined = (pages: readonly SeoulPage[]): Buffer =>
  Buffer.concat(pages.flatMap(({ body }, n) => (n === 0 ? [body] : [Buffer.from('\n'), body])));
