import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { VirtualClock } from '../../clock.ts';
import { checkDisk } from '../faults/disk.ts';
import { type Faults, NO_FAULTS } from '../faults.ts';
import { pause, untilNone } from '../pause.ts';
import { Signal } from '../signal.ts';
import { expandPrefix, objectName } from './prefix.ts';
import type { DeliveryStreamSettings } from './settings.ts';
import { endingOf, PlainSink } from './sink.ts';
import type { DeliveryObserver, DeliveryPorts } from './stream-delivery.ts';

/** Is told how a delivery stream that is put into gets on. */
export interface DirectPutObserver extends Pick<DeliveryObserver, 'delivered'> {
  accepted(records: number, bytes: number): void;
}

/** A line of the file of accepted records. */
interface Accepted {
  readonly arrived_at_ms: number;
  /** base64 */
  readonly data: string;
}

const BACKOFF_MS = 5_000;

/**
 * A delivery stream that records are put into. An accepted record lies in a file before the put is answered.
 * Delivery guarantee: at least once. What a killed run had not delivered, or had delivered without noting it, is delivered by the next.
 */
export class DirectPutDelivery {
  readonly #settings: DeliveryStreamSettings;
  readonly #s3: DeliveryPorts['s3'];
  readonly #clock: VirtualClock;
  readonly #warn: (message: string) => void;
  readonly #observe: DirectPutObserver | undefined;
  readonly #faults: Faults;
  /** Accepted, and not in a delivery yet. */
  readonly #open_path: string;
  /** In a delivery. */
  readonly #leaving_path: string;
  #file: number;
  #records: number;
  #bytes: number;
  #first_ms: number | undefined;
  #leaving: number;
  readonly #arrivals = new Signal();
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #draining = false;
  readonly #counters = { records: 0, files: 0 };

  constructor(
    settings: DeliveryStreamSettings,
    { s3, clock, dir, warn }: Pick<DeliveryPorts, 's3' | 'clock' | 'dir' | 'warn'>,
    faults: Faults = NO_FAULTS,
    observe?: DirectPutObserver,
  ) {
    this.#settings = settings;
    this.#faults = faults;
    this.#s3 = s3;
    this.#clock = clock;
    this.#warn = warn;
    this.#observe = observe;
    const folder = join(dir, 'firehose');
    mkdirSync(folder, { recursive: true });
    this.#open_path = join(folder, `${settings.name}.accepted`);
    this.#leaving_path = join(folder, `${settings.name}.leaving`);
    const open = readAccepted(this.#open_path);
    this.#records = open.length;
    this.#bytes = open.reduce((sum, record) => sum + (record.data.length / 4) * 3, 0);
    this.#first_ms = open.length > 0 ? clock.now() : undefined;
    this.#leaving = readAccepted(this.#leaving_path).length;
    this.#file = openSync(this.#open_path, 'a');
    if (endsInPieces(this.#open_path)) writeSync(this.#file, '\n'); // a line that was torn by a kill was never answered
    this.#loop = this.#run();
  }

  get name(): string {
    return this.#settings.name;
  }

  /** Accepts records; when it returns they are safe from a killed process. */
  put(records: readonly Buffer[]): void {
    const arrived_at_ms = this.#clock.now();
    const lines = records.map((data): Accepted => ({ arrived_at_ms, data: data.toString('base64') }));
    this.#append(Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')));
    this.#records += records.length;
    this.#bytes += records.reduce((sum, data) => sum + data.length, 0);
    this.#first_ms ??= arrived_at_ms;
    this.#observe?.accepted(
      records.length,
      records.reduce((sum, data) => sum + data.length, 0),
    );
    this.#arrivals.raise();
  }

  /** All or nothing: a piece of a line that a full disk left would swallow the beginning of the next put. */
  #append(bytes: Buffer): void {
    const { size } = fstatSync(this.#file);
    try {
      checkDisk(this.#faults, 'firehose', this.#open_path);
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#file, bytes, written);
    } catch (error) {
      ftruncateSync(this.#file, size);
      throw error;
    }
  }

  /** Records that are accepted and not delivered yet. */
  backlog(): number {
    return this.#records + this.#leaving;
  }

  counters(): { records: number; files: number } {
    return { ...this.#counters };
  }

  /** Resolves once everything that was accepted is delivered. The buffering interval counts as over meanwhile. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#arrivals.raise();
    await untilNone(() => this.backlog(), this.#stop.signal);
    this.#draining = false;
  }

  /** Ends without a delivery: what was accepted is delivered by the next run. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#arrivals.raise();
    await this.#loop;
    closeSync(this.#file);
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#step();
      } catch (error) {
        this.#warn(`delivery stream ${this.#settings.name}: ${(error as Error).message}`);
        await pause(this.#clock, BACKOFF_MS, this.#stop.signal);
      }
    }
  }

  async #step(): Promise<void> {
    if (this.#leaving > 0) return this.#deliver();
    const { buffer_bytes, buffer_ms } = this.#settings;
    const due_in_ms = (this.#first_ms ?? Number.POSITIVE_INFINITY) + buffer_ms - this.#clock.now();
    if (this.#records > 0 && (this.#draining || due_in_ms <= 0 || this.#bytes >= buffer_bytes)) return this.#leave();
    await (Number.isFinite(due_in_ms) ? this.#arrivals.wait(this.#clock, due_in_ms) : this.#arrivals.wait());
  }

  /** From now on puts go into a new file; the old one is the delivery. */
  #leave(): void {
    const left = this.#file;
    renameSync(this.#open_path, this.#leaving_path);
    try {
      this.#file = openSync(this.#open_path, 'a');
    } catch (error) {
      renameSync(this.#leaving_path, this.#open_path);
      throw error;
    }
    closeSync(left);
    this.#leaving = this.#records;
    this.#records = 0;
    this.#bytes = 0;
    this.#first_ms = undefined;
  }

  async #deliver(): Promise<void> {
    const { name, bucket, prefix, compression, delimiter } = this.#settings;
    const accepted = readAccepted(this.#leaving_path);
    const sink = new PlainSink(this.#s3.temporaryPath(), compression, delimiter);
    for (const { data } of accepted) sink.add(Buffer.from(data, 'base64'));
    const { path } = sink.finish();
    const oldest_ms = Math.min(...accepted.map((record) => record.arrived_at_ms));
    const key = expandPrefix(prefix, oldest_ms) + objectName(name, oldest_ms, endingOf(false, compression));
    await this.#s3.putFile(bucket, key, path);
    const age_ms = this.#clock.now() - oldest_ms;
    const bytes = accepted.reduce((sum, { data }) => sum + Buffer.byteLength(data, 'base64'), 0);
    this.#observe?.delivered({ records: accepted.length, bytes, age_ms, success: true });
    rmSync(this.#leaving_path);
    this.#counters.records += accepted.length;
    this.#counters.files += 1;
    this.#leaving = 0;
  }
}

function readAccepted(path: string): Accepted[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line): Accepted[] => {
      try {
        return line === '' ? [] : [JSON.parse(line) as Accepted];
      } catch {
        return []; // torn by a kill: its put was never answered
      }
    });
}

function endsInPieces(path: string): boolean {
  const text = readFileSync(path);
  return text.length > 0 && text.at(-1) !== 0x0a;
}
