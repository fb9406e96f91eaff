import type { Database } from '../jobs/duckdb/connection.ts';
import { RejectedInput } from '../lib/errors.ts';
import type { EventKind, StationEvent } from '../lib/event.ts';
import type { PlannedSystem } from '../lib/poll/plan.ts';
import { openRecording } from '../local/sources/recording.ts';
import { documentOf, parseDocument } from './reparse.ts';
import { type BronzeReceipt, Counter } from './requeue-poll.ts';

/** A poll as it is loaded again. `receipt` null: Bronze has events and no receipt of it, and it stays so. */
export interface LoadedPoll {
  readonly kind: EventKind;
  readonly slot_ms: number;
  readonly fetched_at_ms: number;
  readonly feed_updated_ms: number | null;
  readonly events: readonly StationEvent[];
  readonly receipt: BronzeReceipt | null;
  /** Records whose content, flags or acceptance differ from what was loaded before; all of a recording's. */
  readonly differing: number;
}

const HOUR_MS = 3_600_000;
const feedOf = (kind: EventKind): string => `station_${kind}`;

interface RawEvent {
  readonly kind: EventKind;
  readonly slot_ms: number;
  readonly fetched_at_ms: number;
  readonly feed_updated_ms: number | null;
  readonly station_id: string;
  readonly content_hash: string;
  readonly flags: string | null;
  readonly raw: string;
}

const RECEIPT = `feed, slot_ms, group_id, status, reason, http_code, fetched, accepted, rejected, repeated, rejected_reasons,
  bytes, latency_ms, fetched_at_ms, feed_updated_ms, basis_slot_ms`;

/**
 * The polls of a window (`openWindow` without reloads: what counted before any) with their raw records through the parser of today, an hour
 * of slots at a time. Receipts of polls without a body come along as they are.
 */
export async function* fromRaw(
  db: Database,
  system: Pick<PlannedSystem, 'system_id' | 'kind'>,
  { from_ms, until_ms }: { readonly from_ms: number; readonly until_ms: number },
): AsyncGenerator<LoadedPoll> {
  const [span] = await db.rows<{ first: number | null; last: number }>(
    'SELECT min(slot_ms) AS first, max(slot_ms) AS last FROM bronze_window',
  );
  if (span === undefined || span.first === null) return;
  for (
    let hour_ms = Math.floor(Math.max(from_ms, span.first) / HOUR_MS) * HOUR_MS;
    hour_ms <= span.last;
    hour_ms += HOUR_MS
  ) {
    const inHour = `slot_ms >= ${Math.max(from_ms, hour_ms)} AND slot_ms < ${Math.min(until_ms, hour_ms + HOUR_MS)}`;
    const events = await db.rows<RawEvent>(
      `SELECT DISTINCT e.kind, e.slot_ms, r.fetched_at_ms, w.feed_updated_ms, e.station_id, e.content_hash, w.flags, w.raw
       FROM (SELECT * FROM events WHERE ${inHour}) AS e
       JOIN records AS r ON r.record_no = e.record_no
       JOIN (SELECT * FROM bronze_window WHERE kind <> 'receipt' AND ${inHour}) AS w
         ON w.kind = e.kind AND w.station_id = e.station_id AND w.slot_ms = e.slot_ms AND w.shard_id = r.shard_id
         AND w.sequence_number = r.sequence_number
       ORDER BY e.kind, e.slot_ms, r.fetched_at_ms, e.station_id`,
    );
    const receipts = await db.rows<BronzeReceipt & { feed: string; slot_ms: number }>(
      `SELECT ${RECEIPT} FROM receipts WHERE ${inHour} ORDER BY slot_ms, feed, receipt_no`,
    );
    yield* parsedAgain(system, events, receipts);
  }
}

function* parsedAgain(
  { system_id, kind: system_kind }: Pick<PlannedSystem, 'system_id' | 'kind'>,
  events: readonly RawEvent[],
  receipts: readonly (BronzeReceipt & { feed: string; slot_ms: number })[],
): Generator<LoadedPoll> {
  const keyOf = (feed: string, slot_ms: number, fetched_at_ms: number) => `${feed} ${slot_ms} ${fetched_at_ms}`;
  const open = new Map<string, BronzeReceipt & { feed: string; slot_ms: number }>();
  for (const receipt of receipts) {
    const key = keyOf(receipt.feed, receipt.slot_ms, receipt.fetched_at_ms);
    if (!open.has(key)) open.set(key, receipt); // a requeue's comes first, and takes the place of its poll's
  }
  for (const [key, own] of Map.groupBy(events, (e) => keyOf(feedOf(e.kind), e.slot_ms, e.fetched_at_ms))) {
    const [first] = own;
    if (first === undefined) continue;
    const { kind, slot_ms, fetched_at_ms, feed_updated_ms } = first;
    const body = documentOf(
      system_kind,
      own.map((event) => event.raw),
    );
    const parsed = parseDocument(system_kind, kind, body, { system_id, slot_ms, fetched_at_ms });
    const receipt = open.get(key) ?? null;
    open.delete(key);
    const before = new Map(own.map((event) => [event.station_id, event]));
    const isSame = ({ values, content_hash }: StationEvent): boolean => {
      const known = before.get(values.station_id);
      return known?.content_hash === content_hash && known.flags === values.flags;
    };
    const same = parsed.events.filter(isSame).length;
    yield {
      kind,
      slot_ms,
      fetched_at_ms,
      feed_updated_ms,
      events: parsed.events,
      receipt: receipt && corrected(receipt, parsed),
      differing: own.length - same,
    };
  }
  for (const receipt of open.values()) {
    const { slot_ms, fetched_at_ms, feed_updated_ms, feed } = receipt;
    const kind = feed === 'station_status' ? 'status' : 'information';
    yield { kind, slot_ms, fetched_at_ms, feed_updated_ms, events: [], receipt, differing: 0 };
  }
}

/** The receipt with what the parser of today rejects, or finds repeated, of what was accepted. */
function corrected(receipt: BronzeReceipt, parsed: ReturnType<typeof parseDocument>): BronzeReceipt {
  const { rejects, repeated } = parsed;
  if (rejects.length + repeated === 0) return receipt;
  const reasons = new Counter(rejects.map((reject) => reject.reason));
  for (const [name, n] of Object.entries(JSON.parse(receipt.rejected_reasons ?? '{}') as Record<string, number>))
    reasons.add(name, n);
  return {
    ...receipt,
    accepted: receipt.accepted - rejects.length - repeated,
    rejected: receipt.rejected + rejects.length,
    repeated: receipt.repeated + repeated,
    rejected_reasons: reasons.text(),
  };
}

/** The polls of a recording whose times lie in the range: a slot is a line's fetched_at, as in a replay. */
export async function* fromRecording(
  file: string,
  { system_id, kind: system_kind }: Pick<PlannedSystem, 'system_id' | 'kind'>,
  { from_ms, until_ms }: { readonly from_ms: number; readonly until_ms: number },
): AsyncGenerator<LoadedPoll> {
  for await (const { fetched_at_ms, body } of openRecording(file)) {
    if (fetched_at_ms < from_ms || fetched_at_ms >= until_ms) continue;
    const [kind, slot_ms] = ['status', fetched_at_ms] as const;
    const nothing = { fetched: 0, accepted: 0, rejected: 0, repeated: 0, rejected_reasons: null };
    const base = {
      feed: 'station_status',
      group_id: 'reload',
      http_code: null,
      bytes: body.length,
      latency_ms: null,
      basis_slot_ms: null,
      fetched_at_ms,
    };
    try {
      const { events, rejects, repeated, fetched, feed_updated_ms } = parseDocument(system_kind, kind, body, {
        system_id,
        slot_ms,
        fetched_at_ms,
      });
      const rejected_reasons = new Counter(rejects.map((reject) => reject.reason)).text();
      const counts = { fetched, accepted: events.length, rejected: rejects.length, repeated, rejected_reasons };
      const receipt = { ...base, ...counts, status: 'ok', reason: null, feed_updated_ms };
      yield { kind, slot_ms, fetched_at_ms, feed_updated_ms, events, receipt, differing: events.length };
    } catch (error) {
      if (!(error instanceof RejectedInput)) throw error;
      const receipt = { ...base, ...nothing, status: 'failed', reason: error.reason, feed_updated_ms: null };
      yield { kind, slot_ms, fetched_at_ms, feed_updated_ms: null, events: [], receipt, differing: 0 };
    }
  }
}
