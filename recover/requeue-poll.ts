import { RejectedInput } from '../lib/errors.ts';
import type { EventKind, Reject, StationEvent } from '../lib/event.ts';
import type { PlannedSystem } from '../lib/poll/plan.ts';
import { parseDocument, parseRecord } from './reparse.ts';

/** A receipt as Bronze has it; what a requeue changes of it, and all its other columns. */
export interface BronzeReceipt extends Readonly<Record<string, unknown>> {
  readonly status: string;
  readonly reason: string | null;
  readonly fetched: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly repeated: number;
  readonly rejected_reasons: string | null;
  readonly fetched_at_ms: number;
  readonly feed_updated_ms: number | null;
}

/** A station that counts at the slot: its content, and whether a requeue brought it. */
export interface SlotStation {
  readonly content_hash: string;
  readonly is_requeued: boolean;
}

/** A poll with rejects: (system, feed, slot), and what Bronze has of it. */
export interface RejectedPoll {
  readonly system_kind: PlannedSystem['kind'];
  readonly system_id: string;
  readonly kind: EventKind;
  readonly slot_ms: number;
  /** The receipt that counts without requeues. */
  readonly receipt: BronzeReceipt;
  readonly stations: ReadonlyMap<string, SlotStation>;
  readonly rejects: readonly Reject[];
  /** Which rejects are asked for, by reason; what was brought back before counts also if it isn't asked for now. */
  readonly isAskedFor: (reason: string) => boolean;
}

/** What comes of it: events that the slot has not, the poll's receipt as it is then, and how many rejects are left, by reason. */
export interface RequeuedPoll {
  readonly events: readonly StationEvent[];
  readonly feed_updated_ms: number | null;
  /** null where the poll's own receipt is right. */
  readonly receipt: BronzeReceipt | null;
  readonly left: Readonly<Record<string, number>>;
}

/** Reasons of Seoul's bodies that are whole snapshots; any other body is one page of one, and a part is no snapshot. */
const SEOUL_SNAPSHOTS = new Set(['not_sent', 'empty_station_list', 'too_many_stations']);
const IS_LEFT = { events: [], feed_updated_ms: null, receipt: null } as const;

/**
 * The rejects of a poll through the parser of today. A whole document takes the place of its single records. Nothing that the slot has is
 * changed: a station that is there with the same content is repeated, with another one its reject stays.
 */
export function requeuePoll(poll: RejectedPoll): RequeuedPoll {
  const documents = poll.rejects.filter((reject) => reject.place === 'document');
  if (documents.length === 0) return requeueRecords(poll);
  // A document of another poll of the slot, which is observed.
  if (poll.receipt.status === 'ok')
    return requeueRecords({ ...poll, rejects: poll.rejects.filter((r) => r.place !== 'document') });
  return requeueDocument(poll, documents);
}

function requeueDocument(poll: RejectedPoll, documents: readonly Reject[]): RequeuedPoll {
  const { system_kind, kind, system_id, slot_ms, receipt, stations } = poll;
  const left = new Counter();
  for (const { raw, reason } of documents) {
    if (system_kind === 'seoul' && !SEOUL_SNAPSHOTS.has(reason)) {
      left.add('one_page_of_a_snapshot');
      continue;
    }
    try {
      const document = parseDocument(system_kind, kind, raw, {
        system_id,
        slot_ms,
        fetched_at_ms: receipt.fetched_at_ms,
      });
      const isRequeued = [...stations.values()].some((station) => station.is_requeued);
      if (!poll.isAskedFor(reason) && !isRequeued) {
        left.add(reason);
        continue;
      }
      const events = document.events.filter((event) => !stations.has(event.values.station_id));
      const reasons = new Counter(document.rejects.map((reject) => reject.reason));
      const counts = { accepted: stations.size + events.length, rejected: reasons.total, repeated: document.repeated };
      const fetched = counts.accepted + counts.rejected + counts.repeated;
      for (const [name, n] of reasons.counts) left.add(name, n);
      return {
        events,
        feed_updated_ms: document.feed_updated_ms,
        receipt: {
          ...receipt,
          ...counts,
          fetched,
          rejected_reasons: reasons.text(),
          status: 'ok',
          reason: 'requeued',
          feed_updated_ms: document.feed_updated_ms,
        },
        left: left.object(),
      };
    } catch (error) {
      if (!(error instanceof RejectedInput)) throw error;
      left.add(error.reason);
    }
  }
  return { ...IS_LEFT, left: left.object() };
}

function requeueRecords(poll: RejectedPoll): RequeuedPoll {
  const { system_kind, kind, system_id, slot_ms, receipt, stations } = poll;
  const context = { system_id, slot_ms, fetched_at_ms: receipt.fetched_at_ms };
  const left = new Counter();
  const reasons = new Counter();
  for (const [name, n] of Object.entries(JSON.parse(receipt.rejected_reasons ?? '{}') as Record<string, number>)) {
    reasons.add(name, n);
  }
  const byStation = new Map<string, { event: StationEvent; reason: string }[]>();
  for (const { raw, reason } of poll.rejects) {
    const parsed = parseRecord(system_kind, kind, raw.toString('utf8'), context);
    if ('reason' in parsed) {
      left.add(parsed.reason);
      continue;
    }
    const { station_id } = parsed.event.values;
    byStation.set(station_id, [...(byStation.get(station_id) ?? []), { event: parsed.event, reason }]);
  }
  const events: StationEvent[] = [];
  let repeated = 0;
  let accepted = 0;
  for (const [station_id, copies] of byStation) {
    const [first] = copies;
    if (first === undefined) continue;
    const known = stations.get(station_id);
    const isConflict =
      copies.some(({ event }) => event.content_hash !== first.event.content_hash) ||
      (known !== undefined && !known.is_requeued && known.content_hash !== first.event.content_hash);
    if (isConflict) left.add('conflicting_duplicate', copies.length);
    else if (known?.is_requeued !== true && !copies.some(({ reason }) => poll.isAskedFor(reason))) {
      for (const { reason } of copies) left.add(reason);
    } else {
      if (known === undefined) events.push(first.event);
      const isNew = known === undefined || known.is_requeued;
      accepted += isNew ? 1 : 0;
      repeated += copies.length - (isNew ? 1 : 0);
      for (const { reason } of copies) reasons.remove(reason);
    }
  }
  if (accepted + repeated === 0) return { ...IS_LEFT, left: left.object() };
  const counts = {
    accepted: receipt.accepted + accepted,
    rejected: reasons.total,
    repeated: receipt.repeated + repeated,
  };
  const fetched = counts.accepted + counts.rejected + counts.repeated;
  return {
    events,
    feed_updated_ms: receipt.feed_updated_ms,
    receipt: { ...receipt, ...counts, fetched, rejected_reasons: reasons.text() },
    left: left.object(),
  };
}

/** Counts by reason. */
export class Counter {
  readonly counts = new Map<string, number>();

  constructor(names: readonly string[] = []) {
    for (const name of names) this.add(name);
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, n) => sum + n, 0);
  }

  add(name: string, n = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + n);
  }

  /** One less; never below 0: a poll that ran twice left rejects that the receipt that counts doesn't know of. */
  remove(name: string): void {
    const n = this.counts.get(name) ?? 0;
    if (n > 1) this.counts.set(name, n - 1);
    else this.counts.delete(name);
  }

  object(): Record<string, number> {
    return Object.fromEntries([...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** `{"reason": count}` as receipts have it; null where there is none. */
  text(): string | null {
    return this.counts.size === 0 ? null : JSON.stringify(this.object());
  }
}
