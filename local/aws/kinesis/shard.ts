/** The records of a shard, in segment files of which the oldest are removed when all their records are beyond the retention. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '../../../lib/errors.ts';
import { type Frame, toFrame } from './frame.ts';
import { Segment } from './segment.ts';
import { countOf, type ShardNumbering, toSequenceNumber } from './sequence.ts';

const SEGMENT_BYTES = 16 * 1024 * 1024;

export interface StreamRecord {
  readonly shard_id: string;
  /** 56 digits, ascending within a shard, over all shards unique. */
  readonly sequence_number: string;
  readonly partition_key: string;
  readonly data: Buffer;
  /** Virtual time, UTC epoch ms. */
  readonly arrived_at_ms: number;
}

/** Where reading begins: the oldest kept record, after the newest, after a sequence number, or at one. */
export type Position = 'TRIM_HORIZON' | 'LATEST' | { readonly after: string } | { readonly at: string };

export class Shard {
  readonly id: string;
  readonly #numbering: ShardNumbering;
  readonly #folder: string;
  readonly #segments: Segment[];
  /** The number of the oldest record inside the retention. */
  #horizon: number;

  constructor(folder: string, id: string, numbering: ShardNumbering) {
    this.id = id;
    this.#numbering = numbering;
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    const names = readdirSync(folder)
      .filter((name) => Segment.isName(name))
      .sort();
    this.#segments = names.map((name, i) => Segment.open(join(folder, name), i === names.length - 1));
    if (names.length === 0) this.#segments.push(Segment.create(folder, numbering.base ?? 0));
    this.#horizon = this.#segments[0]?.base ?? 0;
  }

  get #newest(): Segment {
    const segment = this.#segments.at(-1);
    if (!segment) throw new FatalError('local', 'shard_closed', `shard ${this.id} is closed`);
    return segment;
  }

  /** The number of the shard's first record, also when it is still to come or beyond the retention. */
  get first(): string {
    return toSequenceNumber(this.#numbering, this.#numbering.base ?? 0);
  }

  /** The number after its newest record's. */
  get next(): number {
    return this.#newest.next;
  }

  /** Beyond its last record, and before all of its children: what Kinesis calls EndingSequenceNumber, of a shard that is closed. */
  get ending(): string {
    return toSequenceNumber(this.#numbering, this.next);
  }

  /** The newest sequence number ever given, also when its record is beyond the retention. */
  get last(): string | undefined {
    const next = this.#newest.next;
    return next === (this.#numbering.base ?? 0) ? undefined : toSequenceNumber(this.#numbering, next - 1);
  }

  /** Answers the sequence numbers, when the records are durable against a killed process. `is_full`: see Segment. */
  append(frames: readonly Frame[], is_full = false): string[] {
    if (this.#newest.size_bytes >= SEGMENT_BYTES) this.#segments.push(Segment.create(this.#folder, this.#newest.next));
    const first = this.#newest.next;
    this.#newest.append(frames.map(toFrame), is_full);
    return frames.map((_, i) => toSequenceNumber(this.#numbering, first + i));
  }

  /** Up to `records` records and `bytes` of their data, at least one if there is one. */
  read(from: Position, limit: { readonly records: number; readonly bytes: number }): StreamRecord[] {
    const records: StreamRecord[] = [];
    let room = limit.bytes;
    let count = this.#resolve(from);
    for (const segment of this.#segments) {
      if (segment.next <= count) continue;
      let to = count;
      const before = segment.bytesBefore(count);
      const fits = (n: number): boolean =>
        records.length + n - count <= limit.records &&
        (segment.bytesBefore(n) - before <= room || (records.length === 0 && n === count + 1));
      while (to < segment.next && fits(to + 1)) to++;
      if (to > count)
        segment.read(count, to).forEach((frame, i) => {
          const sequence_number = toSequenceNumber(this.#numbering, count + i);
          records.push({ shard_id: this.id, sequence_number, ...frame });
        });
      room -= segment.bytesBefore(to) - before;
      if (to < segment.next) break;
      count = to;
    }
    return records;
  }

  /** How much lies beyond a position; `undefined` is before the oldest. */
  pending(after: string | undefined): { records: number; bytes: number } {
    const from = this.#resolve(after === undefined ? 'TRIM_HORIZON' : { after });
    let bytes = 0;
    for (const segment of this.#segments)
      if (segment.next > from)
        bytes += segment.bytesBefore(segment.next) - segment.bytesBefore(Math.max(from, segment.base));
    return { records: this.#newest.next - from, bytes };
  }

  isAtEnd(position: Position): boolean {
    return this.#resolve(position) >= this.next;
  }

  /** The position before the first record that arrived at `time_ms` or later. */
  positionAt(time_ms: number): Position {
    for (const segment of this.#segments)
      for (let n = Math.max(segment.base, this.#horizon); n < segment.next; n++)
        if (segment.arrivedAt(n) >= time_ms) return { at: toSequenceNumber(this.#numbering, n) };
    return this.last === undefined ? 'TRIM_HORIZON' : { after: this.last };
  }

  isSequenceNumber(sequence_number: string): boolean {
    return countOf(this.#numbering, sequence_number) !== undefined;
  }

  /** Hides what arrived before `time_ms`, and removes files that hold nothing else. */
  trim(time_ms: number): void {
    for (const segment of [...this.#segments]) {
      while (this.#horizon < segment.next && segment.arrivedAt(this.#horizon) < time_ms) this.#horizon++;
      if (this.#horizon < segment.next || segment === this.#newest) return;
      this.#segments.shift();
      segment.remove();
    }
  }

  /** Cuts off what a failed write left: the file ends as it will stay. Throws where the disk refuses. */
  mend(): void {
    this.#newest.mend();
  }

  /** Closes, and removes the files. */
  remove(): void {
    this.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  close(): void {
    for (const segment of this.#segments.splice(0)) segment.close();
  }

  #resolve(position: Position): number {
    if (position === 'TRIM_HORIZON') return this.#horizon;
    if (position === 'LATEST') return this.#newest.next;
    const sequence_number = 'at' in position ? position.at : position.after;
    const count = countOf(this.#numbering, sequence_number);
    if (count === undefined)
      throw new FatalError(
        'local',
        'foreign_sequence_number',
        `sequence number ${sequence_number} was not given by shard ${this.id} in ${this.#folder}: the position is of another state folder`,
      );
    return Math.min(this.#newest.next, Math.max(this.#horizon, 'at' in position ? count : count + 1));
  }
}
