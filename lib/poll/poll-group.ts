import { FatalError, TransientError } from '../errors.ts';
import type { Receipt, Reject } from '../event.ts';
import { decodeChunk, isSlot, packChunks } from '../stream/chunk.ts';
import { type Pause, type PutPort, putRecords, type StreamRecord } from '../stream/put-records.ts';
import type { Counts } from '../watch/metrics.ts';
import { pollCounts } from '../watch/poll-counts.ts';
import { entriesByLane, entryKey } from './entries.ts';
import { type FeedPoll, failed, rejectedBody, type SystemPoll } from './feed-poll.ts';
import { heldWithin } from './fetch/held.ts';
import { pollGbfs } from './gbfs.ts';
import { isFrozen, movementAfter } from './movement.ts';
import type { PlannedSystem, PollInput } from './plan.ts';
import { isGroup } from './plan-text.ts';
import { FIREHOSE_LIMITS, quarantineRecords } from './quarantine.ts';
import { NOT_SENT, receiptEntry, toReceipt } from './receipt.ts';
import { pollSeoul, type SeoulKey } from './seoul.ts';
import { type FetchPorts, FetchSession } from './session.ts';
import { type GroupState, type GroupStates, NEW_SYSTEM, type SystemState } from './state.ts';

/** Everything that a poll touches outside of itself. */
export interface PollPorts extends FetchPorts {
  /** Of the invocation. */
  readonly remaining_ms: () => number;
  readonly key: SeoulKey;
  readonly states: GroupStates;
  readonly stream: PutPort;
  readonly quarantine: PutPort;
  /** Is told what the polls came to. Must not fail. */
  readonly measured?: (counts: Counts) => void;
}

/** What sending needs at the end: a few calls, and their retries. */
const SENDING_MS = 10_000;
/** Of that, what is kept for the receipts. */
const RECEIPTS_MS = 3_000;
const LAST_MS = 500;
const MAX_SEND_FAILURES = 8;
const SEND_BASE_MS = 100;
const SEND_CAP_MS = 2_000;

/**
 * Polls the systems of a group at a slot: feeds → events → chunks in the stream, rejects → quarantine, one receipt for each document. The receipts go last, and
 * go when everything else failed. The slot is the input's and never a clock's, so a poll that is delivered twice does no harm.
 *
 * Delivery: events at least once. Throws FatalError `bad_input`; TransientError `receipts_not_sent`, after which the poll is one
 * without a receipt, and is counted as such.
 */
export async function pollGroup(input: PollInput, ports: PollPorts): Promise<Receipt[]> {
  const slot_ms = parseSlot(input);
  const { group_id, systems } = input.group;
  const began_ms = ports.timer.now_ms();
  const left_ms = ports.remaining_ms();
  const until_ms = began_ms + left_ms - Math.min(SENDING_MS, left_ms / 4);
  const session = new FetchSession(slot_ms, until_ms, { ...ports, get: heldWithin(ports.get) });

  const before = await readState(group_id, ports);
  const results = await Promise.all(
    systems.map((system) => pollSystem(system, stateOf(before, system.system_id), session, ports.key)),
  );
  const polls = results.flatMap((result) => result.polls);

  const unsent = await sendEvents(polls, systems, slot_ms, ports);
  const unsentOf = (poll: FeedPoll) => unsent.get(pollKey(poll)) ?? 0;
  await sendRejects(
    polls.flatMap((poll) => [
      ...poll.rejects,
      ...(poll.document?.rejects ?? []),
      ...lostBody(poll, unsentOf(poll), session),
    ]),
    session,
    ports,
  );
  const receipts = polls.map((poll) => toReceipt(poll, group_id, slot_ms, unsentOf(poll)));
  // Before the receipts go: what was done counts, also where they can't be sent.
  ports.measured?.(pollCounts(receipts, frozenFeeds(results, slot_ms), keyedSystems(systems)));
  await sendReceipts(receipts, group_id, slot_ms, ports);
  await writeState(group_id, slot_ms, before, stateAfter(systems, results, unsentOf), ports);
  return receipts;
}

/** A system may be called as what every object has. */
const stateOf = (states: GroupState, system_id: string): SystemState =>
  (Object.hasOwn(states, system_id) ? states[system_id] : undefined) ?? NEW_SYSTEM;

function parseSlot(input: PollInput | null): number {
  const { scheduled_time, group }: Partial<PollInput> = input ?? {};
  const isInstant = typeof scheduled_time === 'string' && /(Z|[+-]\d\d:\d\d)$/.test(scheduled_time);
  const slot_ms = isInstant ? Date.parse(scheduled_time) : Number.NaN;
  if (!isSlot(slot_ms) || !isGroup(group)) {
    const remedy =
      'invoke with {"scheduled_time": "2026-11-21T10:31:00Z", "group": …} as the schedules do (events/poll.json)';
    throw new FatalError('poll', 'bad_input', `the input has no scheduled time in UTC, or no group: ${remedy}`);
  }
  return slot_ms;
}

/** One system; whatever goes wrong in it is its own. */
async function pollSystem(
  system: PlannedSystem,
  state: SystemState,
  session: FetchSession,
  key: SeoulKey,
): Promise<SystemPoll> {
  const began_ms = session.now_ms();
  try {
    const { polls, state: after } = await (system.kind === 'seoul'
      ? pollSeoul(system, state, session, key)
      : pollGbfs(system, state, session));
    const movement = movementOf(polls, { before: state, after }, session.slot_ms, system.interval_s);
    return { polls, state: movement === null ? after : { ...after, movement } };
  } catch (error) {
    const begun = { system_id: system.system_id, feed: 'station_status', began_ms } as const;
    return { polls: [failed(begun, error, session)], state };
  }
}

const statusPoll = (polls: readonly FeedPoll[]): FeedPoll | undefined =>
  polls.find(({ feed }) => feed === 'station_status');

function movementOf(
  polls: readonly FeedPoll[],
  { before, after }: { readonly before: SystemState; readonly after: SystemState },
  slot_ms: number,
  interval_s: number,
) {
  const poll = statusPoll(polls);
  const known = before.movement ?? null;
  const is_named = after.validators.station_status !== undefined;
  return poll ? movementAfter(known, poll, slot_ms, interval_s, is_named) : known;
}

const frozenFeeds = (results: readonly SystemPoll[], slot_ms: number): number =>
  results.filter(({ polls, state }) => {
    const poll = statusPoll(polls);
    return poll !== undefined && isFrozen(state.movement ?? null, poll, slot_ms);
  }).length;

const keyedSystems = (systems: readonly PlannedSystem[]): ReadonlySet<string> =>
  new Set(systems.filter(({ kind }) => kind === 'seoul').map(({ system_id }) => system_id));

const pollKey = ({ system_id, feed }: FeedPoll): string =>
  `${system_id}/${feed === 'station_status' ? 'status' : 'information'}`;

/** Puts the events into the stream, a lane's chunks in order. Answers with how many events of each document were not taken. */
async function sendEvents(
  polls: readonly FeedPoll[],
  systems: readonly PlannedSystem[],
  slot_ms: number,
  ports: PollPorts,
): Promise<Map<string, number>> {
  const entries = entriesByLane(polls, new Map(systems.map((system) => [system.system_id, system])));
  const records = [...entries].flatMap(([lane, own]) =>
    packChunks(lane, slot_ms, own).map((bytes): StreamRecord => ({ partition_key: lane, bytes })),
  );
  const unsent = await putRecords(records, ports.stream, pauseFor(RECEIPTS_MS, ports));
  const counts = new Map<string, number>();
  for (const { record, reason } of unsent) {
    const { header } = decodeChunk(record.bytes);
    ports.warn('a chunk could not be put into the stream', {
      lane: record.partition_key,
      bytes: record.bytes.length,
      reason,
    });
    for (const entry of header.entries) {
      const key = entryKey(entry).replace(/\/\d+$/, '');
      counts.set(key, (counts.get(key) ?? 0) + entry.lines);
    }
  }
  return counts;
}

function lostBody(poll: FeedPoll, unsent: number, session: FetchSession): Reject[] {
  return unsent > 0 && poll.body !== null ? [rejectedBody(poll, NOT_SENT, poll.body, session)] : [];
}

/** Puts what was rejected into quarantine. Where that fails the receipts still count it, and a person is told. */
async function sendRejects(rejects: readonly Reject[], session: FetchSession, ports: PollPorts): Promise<void> {
  if (rejects.length === 0) return;
  const records = quarantineRecords(rejects.map((reject) => ({ ...reject, raw: session.withoutSecrets(reject.raw) })));
  const unsent = await putRecords(
    records.map((bytes, n) => ({ partition_key: String(n), bytes })),
    ports.quarantine,
    pauseFor(RECEIPTS_MS, ports),
    FIREHOSE_LIMITS,
  );
  const reason = unsent[0]?.reason;
  if (reason !== undefined)
    ports.warn('rejected input could not be put into quarantine', { records: unsent.length, reason });
}

async function sendReceipts(
  receipts: readonly Receipt[],
  group_id: string,
  slot_ms: number,
  ports: PollPorts,
): Promise<void> {
  const chunks = packChunks(null, slot_ms, receipts.map(receiptEntry));
  const records = chunks.map((bytes) => ({ partition_key: `receipts-${group_id}`, bytes }));
  const [unsent] = await putRecords(records, ports.stream, pauseFor(LAST_MS, ports));
  if (unsent) {
    const message = `the receipts of ${group_id} could not be put into the stream (${unsent.reason})`;
    throw new TransientError('poll', 'receipts_not_sent', message);
  }
}

/** Exponential backoff with full jitter between calls, as long as more than `reserve_ms` of the invocation is left. */
function pauseFor(reserve_ms: number, { timer, random, remaining_ms }: PollPorts): Pause {
  return async (failures) => {
    const pause_ms = Math.round(random() * Math.min(SEND_CAP_MS, SEND_BASE_MS * 2 ** (failures - 1)));
    if (failures > MAX_SEND_FAILURES || remaining_ms() - pause_ms < reserve_ms) return false;
    await timer.sleep(pause_ms);
    return true;
  };
}

/** The state is a cache: without it everything is fetched in full. */
async function readState(group_id: string, ports: PollPorts): Promise<GroupState> {
  try {
    return await ports.states.read(group_id);
  } catch (error) {
    ports.warn('the state of the group could not be read', { group_id, error: (error as Error).message });
    return {};
  }
}

async function writeState(
  group_id: string,
  slot_ms: number,
  before: GroupState,
  after: GroupState,
  ports: PollPorts,
): Promise<void> {
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  try {
    await ports.states.write(group_id, after, slot_ms);
  } catch (error) {
    ports.warn('the state of the group could not be written', { group_id, error: (error as Error).message });
  }
}

/** A document that was not stored whole must not be confirmed by a later 304, nor count as this hour's. */
function stateAfter(
  systems: readonly PlannedSystem[],
  results: readonly SystemPoll[],
  unsentOf: (poll: FeedPoll) => number,
): GroupState {
  return Object.fromEntries(
    results.map(({ polls, state }, n) => {
      const isStored = polls.every((poll) => unsentOf(poll) === 0);
      return [systems[n]?.system_id, isStored ? state : { ...state, validators: {}, information_slot_ms: null }];
    }),
  );
}
