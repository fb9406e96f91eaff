import type { Database } from '../jobs/duckdb/connection.ts';
import type { EventKind, Reject } from '../lib/event.ts';
import { markDirty } from '../lib/gold/dirty.ts';
import { erasedSystems } from '../lib/gold/erasure.ts';
import { activeRanges, outsideShard, parseReload, RELOADS_PREFIX, type ReloadRange } from '../lib/gold/reload.ts';
import type { Plan, PlannedSystem } from '../lib/poll/plan.ts';
import { partOf } from '../lib/stream/lane.ts';
import type { BronzeRow } from './bronze-file.ts';
import { bronzeFiles, eventRow, outsideSequence, receiptRow } from './bronze-rows.ts';
import { type BronzePaths, openWindow } from './bronze-window.ts';
import type { Outcome } from './command.ts';
import type { ObjectStore } from './objects.ts';
import { type QuarantineRange, readQuarantine } from './quarantined.ts';
import {
  type BronzeReceipt,
  Counter,
  type RejectedPoll,
  type RequeuedPoll,
  requeuePoll,
  type SlotStation,
} from './requeue-poll.ts';

export interface RequeuePorts {
  readonly objects: ObjectStore;
  readonly bronze: BronzePaths;
  readonly plan: Plan;
}

export interface RequeueOptions extends QuarantineRange {
  /** Reasons of the rejects that are asked for; empty: all. */
  readonly reasons: readonly string[];
  readonly dry_run: boolean;
  readonly progress: (done: number, total: number | null, what: string) => void;
}

const DAY_MS = 86_400_000;
const KINDS: Readonly<Record<string, EventKind>> = { station_status: 'status', station_information: 'information' };

/**
 * Quarantine → again through the parser → Bronze. Effects, a day of slots after the other: the mark of the day, then its files, in the order of
 * their hours. Delivery guarantee: what is in Bronze already is found there, so that a second run, or one after a kill, only adds what is missing.
 */
export async function requeueLake(ports: RequeuePorts, options: RequeueOptions): Promise<Outcome> {
  const { rejects, unreadable } = await readQuarantine(ports.objects, options, options.progress);
  const reloads = await readReloads(ports.objects);
  const systems = new Map(ports.plan.groups.flatMap((g) => g.systems.map((s) => [s.system_id, s] as const)));
  const left = new Counter();
  for (const [reason, n] of Object.entries(unreadable)) left.add(reason, n);
  const erased = await erasedSystems(ports.objects);
  const polls = Map.groupBy(
    rejects.filter((reject) => !erased.has(reject.system_id) && isPollable(reject, systems, left)),
    (reject) => JSON.stringify([reject.system_id, reject.slot_ms, reject.feed]),
  );
  const days = Map.groupBy(polls.values(), ([first]) => Math.floor((first?.slot_ms ?? 0) / DAY_MS) * DAY_MS);
  const sums = { events: 0, polls: 0, files: 0 };
  const dirty: string[] = [];
  for (const [n, [day_ms, own]] of [...days].sort(([a], [b]) => a - b).entries()) {
    const date = new Date(day_ms).toISOString().slice(0, 10);
    options.progress(n, days.size, `requeue of ${date}`);
    const system_ids = [...new Set(own.map(([first]) => first?.system_id ?? ''))];
    const ranges = reloads.filter((range) => system_ids.includes(range.system_id));
    await using db = await openWindow(ports.bronze, { system_ids, from_ms: day_ms, until_ms: day_ms + DAY_MS }, ranges);
    const rows = await requeueDay(db, { own, systems, ranges, options, left, sums });
    if (rows.length === 0) continue;
    dirty.push(date);
    const files = bronzeFiles('requeue', rows);
    sums.files += files.length;
    if (options.dry_run) continue;
    await markDirty(
      ports.objects,
      { format: 1, date, command: 'requeue', removed: [] },
      files[0]?.key.slice(-24, -8) ?? '',
    );
    for (const { key, bytes } of files) await ports.objects.put(key, bytes);
  }
  return {
    counts: { rejects_in_quarantine: rejects.length, polls_brought_back: sums.polls, events_brought_back: sums.events, bronze_files: sums.files, left: left.total },
    notes: [...left.counts].sort(([, a], [, b]) => b - a).map(([reason, n]) => `${n.toLocaleString('en-US')} × ${reason}: in quarantine as before`),
    dirty,
  }; // biome-ignore format: a table
}

export async function readReloads(objects: ObjectStore): Promise<ReloadRange[]> {
  const keys = (await objects.keys(RELOADS_PREFIX)).filter((key) => key.endsWith('.json'));
  const texts = await Promise.all(
    keys.map(async (key) => [key, (await objects.get(key))?.toString('utf8') ?? ''] as const),
  );
  return activeRanges(texts.map(([key, text]) => parseReload(text, key)));
}

/** Documents that list feeds say nothing of a station; a system that the plan doesn't name has no parser. */
function isPollable({ feed, system_id }: Reject, systems: ReadonlyMap<string, PlannedSystem>, left: Counter): boolean {
  if (KINDS[feed] !== undefined && systems.has(system_id)) return true;
  left.add(KINDS[feed] === undefined ? 'discovery_document' : 'system_is_not_planned');
  return false;
}

interface Day {
  readonly own: readonly (readonly Reject[])[];
  readonly systems: ReadonlyMap<string, PlannedSystem>;
  readonly ranges: readonly ReloadRange[];
  readonly options: RequeueOptions;
  readonly left: Counter;
  readonly sums: { events: number; polls: number };
}

/** The rows that Bronze lacks of a day. */
async function requeueDay(db: Database, { own, systems, ranges, options, left, sums }: Day): Promise<BronzeRow[]> {
  const before = await readDay(db, own);
  const rows: BronzeRow[] = [];
  for (const rejects of own) {
    const [first] = rejects;
    const system = systems.get(first?.system_id ?? '');
    const kind = KINDS[first?.feed ?? ''];
    if (first === undefined || system === undefined || kind === undefined) continue;
    const { system_id, slot_ms, feed } = first;
    const { receipt, current, stations } = before(system_id, feed, slot_ms);
    if (receipt === null) {
      left.add('no_receipt_of_the_poll', rejects.length);
      continue;
    }
    const { reasons } = options;
    const isAskedFor = (reason: string) => reasons.length === 0 || reasons.includes(reason);
    const poll: RejectedPoll = {
      system_kind: system.kind,
      system_id,
      kind,
      slot_ms,
      receipt,
      stations,
      rejects,
      isAskedFor,
    };
    const requeued = requeuePoll(poll);
    for (const [reason, n] of Object.entries(requeued.left)) left.add(reason, n);
    const reload = ranges.find(
      (r) => r.system_id === system_id && r.kind === kind && r.from_ms <= slot_ms && slot_ms < r.until_ms,
    );
    const fresh = rowsOf(
      poll,
      requeued,
      current,
      outsideShard('requeue', reload?.reload_id ?? null),
      system.lanes.length,
    );
    if (fresh.length === 0) continue;
    rows.push(...fresh);
    sums.polls += 1;
    sums.events += requeued.events.length;
  }
  return rows;
}

function rowsOf(
  poll: RejectedPoll,
  { events, receipt, feed_updated_ms }: RequeuedPoll,
  current: BronzeReceipt | null,
  shard_id: string,
  parts: number,
): BronzeRow[] {
  const { system_id, slot_ms, kind } = poll;
  const { fetched_at_ms } = poll.receipt;
  const record = { system_id, slot_ms, fetched_at_ms, feed_updated_ms, shard_id };
  const ids = events.map(({ values, content_hash }) => `${values.station_id} ${content_hash}`);
  const sequence_number = outsideSequence('requeue', system_id, kind, slot_ms, ...ids);
  const rows = events.map((event, n) =>
    eventRow({ ...record, sequence_number }, n + 1, partOf(event.values.station_id, parts), event),
  );
  if (receipt === null || (current !== null && isSame(receipt, current))) return rows;
  const { status, fetched, accepted, rejected, repeated, rejected_reasons } = receipt;
  const sequence = outsideSequence(
    'requeue',
    'receipt',
    system_id,
    kind,
    slot_ms,
    status,
    fetched,
    accepted,
    rejected,
    repeated,
    rejected_reasons ?? '',
  );
  return [...rows, receiptRow({ ...record, sequence_number: sequence }, receipt)];
}

const COUNTED = ['status', 'reason', 'fetched', 'accepted', 'rejected', 'repeated', 'rejected_reasons'] as const;
const isSame = (a: BronzeReceipt, b: BronzeReceipt): boolean => COUNTED.every((name) => a[name] === b[name]);

interface PollBefore {
  /** The receipt that counts without requeues. */
  readonly receipt: BronzeReceipt | null;
  /** The one that counts. */
  readonly current: BronzeReceipt | null;
  readonly stations: ReadonlyMap<string, SlotStation>;
}

const RECEIPT = `system_id, feed, slot_ms, group_id, status, reason, http_code, fetched, accepted, rejected, repeated, rejected_reasons,
  bytes, latency_ms, fetched_at_ms, feed_updated_ms, basis_slot_ms`;

/** What Bronze has of the polls in question. */
async function readDay(db: Database, own: readonly (readonly Reject[])[]) {
  const slots = [...new Set(own.map(([first]) => first?.slot_ms ?? 0))];
  const inSlots = `slot_ms IN (${slots.join(', ')})`;
  const receipts = await db.rows<
    BronzeReceipt & { system_id: string; feed: string; slot_ms: number; is_requeued: boolean }
  >(`SELECT ${RECEIPT}, is_requeued FROM receipts WHERE ${inSlots} ORDER BY receipt_no`);
  const events = await db.rows<{ system_id: string; kind: string; slot_ms: number; station_id: string } & SlotStation>(
    `SELECT e.system_id, e.kind, e.slot_ms, e.station_id, e.content_hash, split_part(r.shard_id, '@', 1) = 'requeue' AS is_requeued
     FROM events AS e JOIN records AS r ON r.record_no = e.record_no WHERE e.${inSlots}`,
  );
  const keyOf = (...of: readonly unknown[]): string => JSON.stringify(of);
  const receiptsOf = Map.groupBy(receipts, (r) => keyOf(r.system_id, r.feed, r.slot_ms));
  const eventsOf = Map.groupBy(events, (e) => keyOf(e.system_id, `station_${e.kind}`, e.slot_ms));
  return (system_id: string, feed: string, slot_ms: number): PollBefore => {
    const key = keyOf(system_id, feed, slot_ms);
    const found = receiptsOf.get(key) ?? [];
    return {
      receipt: plain(found.find((r) => !r.is_requeued)),
      current: plain(found[0]),
      stations: new Map(
        (eventsOf.get(key) ?? []).map(({ station_id, content_hash, is_requeued }) => [
          station_id,
          { content_hash, is_requeued },
        ]),
      ),
    };
  };
}

function plain(row: (BronzeReceipt & { is_requeued: boolean }) | undefined): BronzeReceipt | null {
  if (row === undefined) return null;
  const { is_requeued: _, ...receipt } = row;
  return receipt;
}
