import type { EventLine } from '../stream/chunk.ts';
import { toNamed } from '../stream/columns.ts';
import { compareSequence, type LaneRecord, type PartEvents } from '../stream/record.ts';
import { dateOf, innerMap, type LaneState, type LogObject, type StationRow, systemKey } from './state.ts';

/** The records that the state has not consumed yet: those beyond the position of their shard, in order. */
export function pending(state: LaneState, records: readonly LaneRecord[]): LaneRecord[] {
  return records.filter((record) => {
    const position = state.positions.get(record.shard_id);
    return position === undefined || compareSequence(record.sequence_number, position) > 0;
  });
}

/**
 * The object that the chain needs next for these records of one lane and shard (step 2 of the protocol), or null when all
 * are consumed. A turn, when the first pending record lies after the chain's date; else what the records up to the next
 * such one do. The state is not changed: it moves only by `apply`, once the object exists.
 */
export function nextObject(state: LaneState, records: readonly LaneRecord[]): LogObject | null {
  const beyond = pending(state, records);
  const first = beyond[0];
  if (first === undefined) return null;
  const firstDate = dateOf(first.slot_ms);
  if (firstDate > state.date) return { type: 'turn', next_date: firstDate };

  const until = beyond.findIndex((record) => dateOf(record.slot_ms) > state.date);
  const batch = until < 0 ? beyond : beyond.slice(0, until);
  const judge = new Judge(state);
  for (const record of batch) {
    for (const part of record.parts) judge.part(part, record.slot_ms);
  }
  return {
    type: 'batch',
    shard_id: first.shard_id,
    first_sequence: first.sequence_number,
    last_sequence: (batch.at(-1) ?? first).sequence_number,
    records: batch.length,
    newest: judge.newest,
    counts: judge.counts,
    changes: judge.changes,
  };
}

/** Judges events in stream order, each against the state that the one before it left: what it learns lies over the state, which it only reads. */
class Judge {
  readonly newest: Map<string, number>;
  readonly changes: StationRow[] = [];
  readonly counts = { fresh: 0, unchanged: 0, duplicate: 0, late: 0 };
  readonly #state: LaneState;
  readonly #over = new Map<string, Map<string, StationRow>>();

  constructor(state: LaneState) {
    this.#state = state;
    this.newest = new Map(state.newest);
  }

  part(part: PartEvents, slot_ms: number): void {
    const newest = this.newest.get(part.key) ?? -Infinity;
    if (slot_ms < newest) this.counts.late += part.events.length;
    else if (slot_ms === newest) this.counts.duplicate += part.events.length;
    else {
      this.newest.set(part.key, slot_ms);
      this.#events(part, slot_ms);
    }
  }

  #events(part: PartEvents, slot_ms: number): void {
    const key = systemKey(part.system_id, part.kind);
    const known = this.#state.stations.get(key);
    const over = innerMap(this.#over, key);
    for (const event of part.events) {
      const last = over.get(event.id) ?? known?.get(event.id);
      if (last !== undefined && slot_ms <= last.slot_ms) {
        // A station that moved between parts: its row must be newer than its last one, whatever its part's newest slot is.
        if (slot_ms < last.slot_ms) this.counts.late += 1;
        else this.counts.duplicate += 1;
      } else if (last?.content_hash === event.hash) this.counts.unchanged += 1;
      else {
        const row = toRow(event, part, slot_ms);
        over.set(event.id, row);
        this.changes.push(row);
        this.counts.fresh += 1;
      }
    }
  }
}

function toRow(event: EventLine, part: PartEvents, slot_ms: number): StationRow {
  const line = toNamed(JSON.parse(event.line) as Record<string, unknown>);
  const { station_id, content_hash: _hash, raw: _raw, ...values } = line;
  return {
    kind: part.kind,
    system_id: part.system_id,
    station_id: String(station_id),
    part: part.part,
    slot_ms,
    fetched_at_ms: part.fetched_at_ms,
    content_hash: event.hash,
    values,
  };
}
