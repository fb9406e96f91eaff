/**
 * One append-only file of a shard: frames one after another; the file's name says the number of its first record. In memory lie three
 * numbers for each record, never its bytes.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { FatalError } from '../../../lib/errors.ts';
import { type Frame, PROBE_BYTES, type Probe, parseFrame, parseProbe } from './frame.ts';

const NAME = /^(\d{20})\.log$/;

export class Segment {
  /** The number of its first record in the shard. */
  readonly base: number;
  readonly path: string;
  readonly #fd: number;
  readonly #ends: number[] = [];
  readonly #arrived: number[] = [];
  /** Bytes of the records up to and with each. */
  readonly #sums: number[] = [];
  /** A write failed: the file may hold more than the records. */
  #torn = false;

  private constructor(path: string, base: number) {
    this.path = path;
    this.base = base;
    this.#fd = openSync(path, 'a+');
  }

  static create(folder: string, base: number): Segment {
    return new Segment(join(folder, `${String(base).padStart(20, '0')}.log`), base);
  }

  /**
   * Opens what an earlier run left. A killed process leaves whole frames and at most one torn at the end of the newest file: that one was
   * never acknowledged, and is cut off. Anything else that isn't a frame is damage, and fatal.
   */
  static open(path: string, newest: boolean): Segment {
    const segment = new Segment(path, Number(NAME.exec(basename(path))?.[1]));
    const size = fstatSync(segment.#fd).size;
    let position = 0;
    while (position < size) {
      const probe = segment.#probeAt(position);
      const end = position + (probe?.frame_bytes ?? Number.POSITIVE_INFINITY);
      const last = end >= size;
      if (!probe || end > size || (last && newest && !parseFrame(segment.#bytes(position, end)))) {
        segment.#cut(position, size, newest);
        break;
      }
      segment.#note(probe, end);
      position = end;
    }
    return segment;
  }

  static isName(name: string): boolean {
    return NAME.test(name);
  }

  get count(): number {
    return this.#ends.length;
  }

  /** The number after its last record's. */
  get next(): number {
    return this.base + this.count;
  }

  get size_bytes(): number {
    return this.#ends.at(-1) ?? 0;
  }

  arrivedAt(count: number): number {
    return this.#arrived[count - this.base] ?? 0;
  }

  /** Bytes of its records before the one of this number. */
  bytesBefore(count: number): number {
    return this.#sums[Math.min(count - this.base, this.count) - 1] ?? 0;
  }

  /**
   * Returns only after the kernel has the bytes: they outlive this process. What a write that failed left is cut off before the next one,
   * or when the file is opened again. `is_full`: the disk is full at the half of it.
   */
  append(frames: readonly Buffer[], is_full = false): void {
    this.mend();
    const bytes = frames.length === 1 && frames[0] ? frames[0] : Buffer.concat(frames);
    this.#torn = true;
    let written = 0;
    while (written < bytes.length) {
      const most = (is_full ? bytes.length >> 1 : bytes.length) - written;
      if (most === 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      written += writeSync(this.#fd, bytes, written, most);
    }
    this.#torn = false;
    let end = this.size_bytes;
    for (const frame of frames) {
      const probe = parseProbe(frame);
      if (!probe) throw new FatalError('local', 'frame_broken', 'a frame was written that can not be read back');
      end += probe.frame_bytes;
      this.#note(probe, end);
    }
  }

  /** Cuts off what a write that failed left behind its records. */
  mend(): void {
    if (!this.#torn) return;
    if (fstatSync(this.#fd).size > this.size_bytes) ftruncateSync(this.#fd, this.size_bytes);
    this.#torn = false;
  }

  /** The records numbered `from` … `to` − 1. */
  read(from: number, to: number): Frame[] {
    const first = from - this.base;
    const start = this.#startOf(first);
    const bytes = this.#bytes(start, this.#startOf(to - this.base));
    return this.#ends.slice(first, to - this.base).map((end, i) => {
      const frame = parseFrame(bytes.subarray(this.#startOf(first + i) - start, end - start));
      if (!frame) throw this.#damage(this.#startOf(first + i));
      return frame;
    });
  }

  close(): void {
    closeSync(this.#fd);
  }

  remove(): void {
    this.close();
    rmSync(this.path);
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : (this.#ends[index - 1] ?? 0);
  }

  #probeAt(position: number): Probe | undefined {
    const head = Buffer.allocUnsafe(PROBE_BYTES);
    return parseProbe(head.subarray(0, readSync(this.#fd, head, 0, PROBE_BYTES, position)));
  }

  #bytes(start: number, end: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(end - start); // not from the shared pool: a record handed out lives long
    const read = readSync(this.#fd, bytes, 0, bytes.length, start);
    return bytes.subarray(0, read);
  }

  #note(probe: Probe, end: number): void {
    this.#ends.push(end);
    this.#arrived.push(probe.arrived_at_ms);
    this.#sums.push((this.#sums.at(-1) ?? 0) + probe.record_bytes);
  }

  #cut(position: number, size: number, newest: boolean): void {
    if (!newest) throw this.#damage(position);
    process.stderr.write(`embedded kinesis: cut ${size - position} bytes of an unfinished record off ${this.path}\n`);
    ftruncateSync(this.#fd, position);
  }

  #damage(position: number): FatalError {
    return new FatalError(
      'local',
      'segment_damaged',
      `${this.path} is damaged at byte ${position}: restore it from a copy, or start with another --dir`,
    );
  }
}
