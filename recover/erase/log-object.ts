import type { EventKind } from '../../lib/event.ts';
import { nextObject } from '../../lib/silver/judge.ts';
import type { ReadObject } from '../../lib/silver/object.ts';
import {
  type BatchObject,
  type Counts,
  emptyState,
  idText,
  type LaneState,
  type LogObject,
  systemKey,
} from '../../lib/silver/state.ts';
import type { EventLine } from '../../lib/stream/chunk.ts';
import type { LaneRecord } from '../../lib/stream/record.ts';

/** A line of the system as Bronze has it, of a record that a batch consumed. */
export interface ConsumedLine {
  readonly sequence_number: string;
  readonly kind: EventKind;
  readonly part: number;
  readonly slot_ms: number;
  readonly fetched_at_ms: number;
  readonly station_id: string;
  readonly content_hash: string;
}

const KINDS: readonly EventKind[] = ['status', 'information'];
const NEWEST_KEY = /^(.*)\/(?:status|information)\/\d+$/;
const isOf = (system_id: string, key: string): boolean => NEWEST_KEY.exec(key)?.[1] === system_id;
const hasNewest = (newest: ReadonlyMap<string, number>, system_id: string): boolean =>
  [...newest.keys()].some((key) => isOf(system_id, key));

/** Whether an object of the log holds anything of the system. Once a chain has seen it, every batch does: each tells all newest slots. */
export function mentions({ object, before }: ReadObject, system_id: string): boolean {
  if (before !== null) {
    if (hasNewest(before.newest, system_id)) return true;
    if (KINDS.some((kind) => before.stations.has(systemKey(system_id, kind)))) return true;
  }
  if (object.type === 'turn') return object.origins?.some((origin) => origin.system_id === system_id) ?? false;
  return hasNewest(object.newest, system_id) || object.changes.some((row) => row.system_id === system_id);
}

/** The object without the system, and the counts of its events taken from the batch's. */
export function withoutSystem({ object, before }: ReadObject, system_id: string, share: Counts): ReadObject {
  return {
    object: lighter(object, system_id, share),
    before: before === null ? null : stateWithout(before, system_id),
  };
}

function lighter(object: LogObject, system_id: string, share: Counts): LogObject {
  if (object.type === 'turn') {
    const origins = object.origins?.filter((origin) => origin.system_id !== system_id);
    return { ...object, ...(origins && { origins }) };
  }
  const { counts } = object;
  return {
    ...object,
    newest: new Map([...object.newest].filter(([key]) => !isOf(system_id, key))),
    changes: object.changes.filter((row) => row.system_id !== system_id),
    counts: {
      fresh: counts.fresh - share.fresh,
      unchanged: counts.unchanged - share.unchanged,
      duplicate: counts.duplicate - share.duplicate,
      late: counts.late - share.late,
    },
  };
}

/** A state of a lane without the system. What says how far the chain is stays: version, dates, positions. */
export function stateWithout(state: LaneState, system_id: string): LaneState {
  const own = new Set(KINDS.map((kind) => systemKey(system_id, kind)));
  return {
    ...state,
    newest: new Map([...state.newest].filter(([key]) => !isOf(system_id, key))),
    stations: new Map([...state.stations].filter(([key]) => !own.has(key))),
  };
}

/**
 * How many of a batch's events were of the system. Fresh are its changes. The others are the other lines that Bronze has of it in the records
 * that the batch consumed; which of them were unchanged, duplicate or late, the rules that the batch was judged by say. `before`: the state
 * before the batch; null where what was before it has expired: then the others count as unchanged first.
 */
export function shareOf(
  object: BatchObject,
  before: LaneState | null,
  lines: readonly ConsumedLine[],
  system_id: string,
): Counts {
  const fresh = object.changes.filter((row) => row.system_id === system_id).length;
  const judged = before === null ? null : judge(before, lines, system_id);
  let left = Math.max(0, lines.length - fresh);
  const take = (wanted: number, most: number): number => {
    const taken = Math.min(wanted, most, left);
    left -= taken;
    return taken;
  };
  const { counts } = object;
  const duplicate = take(judged?.duplicate ?? 0, counts.duplicate);
  const late = take(judged?.late ?? 0, counts.late);
  const unchanged = take(left, counts.unchanged);
  // Only where what was before is not known, or Bronze lacks some of it: the sum is what the ledger counts.
  const more_late = take(left, counts.late - late);
  const more_duplicate = take(left, counts.duplicate - duplicate);
  return { fresh, unchanged, duplicate: duplicate + more_duplicate, late: late + more_late };
}

function judge(before: LaneState, lines: readonly ConsumedLine[], system_id: string): Counts | null {
  // The positions are those of all systems: what the batch consumed lies beyond them.
  const object = nextObject({ ...before, positions: emptyState().positions }, recordsOf(lines, system_id));
  return object?.type === 'batch' ? object.counts : null;
}

/** The lines as the records that Silver judged, with the events of the system alone. In the order of `lines`. */
function recordsOf(lines: readonly ConsumedLine[], system_id: string): LaneRecord[] {
  return [...Map.groupBy(lines, (line) => line.sequence_number)].map(([sequence_number, own]) => ({
    shard_id: '',
    lane: '',
    sequence_number,
    slot_ms: own[0]?.slot_ms ?? 0,
    parts: [
      ...Map.groupBy(own, ({ kind, part, fetched_at_ms }) => `${kind} ${part} ${fetched_at_ms}`).values(),
    ].flatMap((part_lines) => {
      const [first] = part_lines;
      if (first === undefined) return [];
      const { kind, part, fetched_at_ms } = first;
      const key = `${systemKey(system_id, kind)}/${part}`;
      return [{ key, system_id, kind, part, fetched_at_ms, events: part_lines.map(eventOf) }];
    }),
  }));
}

const eventOf = ({ station_id, content_hash }: ConsumedLine): EventLine => ({
  id: idText(station_id),
  hash: content_hash,
  line: '{}',
});
