import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { VirtualClock } from '../../clock.ts';
import { type Faults, NO_FAULTS } from '../faults.ts';
import { type Positions, startPositions } from '../kinesis/positions.ts';
import type { KinesisStore, StreamRecord } from '../kinesis/store.ts';
import type { Invocation } from '../lambda/lambda.ts';
import { pause, untilNone } from '../pause.ts';
import { Signal } from '../signal.ts';
import { StateFile } from '../state-file.ts';
import { Converter } from './converter.ts';
import type { Added } from './converter-protocol.ts';
import { conversionFailedLine, type ErrorOutput, processingFailedLine } from './error-line.ts';
import { expandPrefix, objectName } from './prefix.ts';
import type { DeliveryStreamSettings, GlueTable } from './settings.ts';
import { endingOf } from './sink.ts';
import { recordId, toTransformEvent } from './transform-event.ts';

/** Is told how a delivery stream gets on. */
export interface DeliveryObserver {
  read(records: number, bytes: number): void;
  /** The function was invoked with records: whether it answered, and how many of them are good. */
  transformed(records: { readonly sent: number; readonly good: number; readonly answered: boolean }): void;
  conversionFailed(records: number): void;
  /** Records came to be delivered: the oldest of them is as old as this. */
  delivered(delivery: {
    readonly records: number;
    readonly bytes: number;
    readonly age_ms: number;
    readonly success: boolean;
  }): void;
}

/** What a delivery stream needs of the other services. */
export interface DeliveryPorts {
  readonly kinesis: Pick<KinesisStore, 'shards' | 'read' | 'last' | 'pending' | 'subscribe'>;
  readonly invoke: (function_name: string, payload: Uint8Array) => Promise<Invocation>;
  readonly s3: {
    temporaryPath(): string;
    putFile(bucket: string, key: string, path: string): Promise<void>;
    put(bucket: string, key: string, body: Buffer): Promise<unknown>;
  };
  readonly clock: VirtualClock;
  /** The state folder. */
  readonly dir: string;
  readonly warn: (message: string) => void;
  readonly faults?: Faults;
  readonly observe?: DeliveryObserver;
  /** Its name in the vocabulary of faults; `delivery.<name>` if it isn't given. */
  readonly place?: string;
}

/** What lies between the positions that are delivered and the cursor. */
interface Buffered {
  bytes: number;
  records: number;
  /** Clock when the first record came in, and arrival of the oldest. */
  first_ms: number;
  oldest_ms: number;
  readonly path: string;
  readonly errors: Record<ErrorOutput, string[]>;
}

const BACKOFF_MS = 5_000;
/** Without a transform, records go on at once, in pieces of this size. */
const UNTRANSFORMED = { buffer_bytes: 1024 * 1024, buffer_ms: 0 };

/**
 * A delivery stream with a Kinesis stream as source. It starts at the newest record when it is made; its position in each shard is written
 * from then on, after a delivery. Firehose promises no order over shards, and says nothing of a reshard (its guide: it calls GetRecords for
 * each shard); here shards are read one after the other as they were made, so a parent before its children.
 * Delivery guarantee: at least once. A killed run reads again, transforms again and delivers again what was not delivered, and what was
 * delivered just before the position was written; nothing is passed over.
 */
export class StreamDelivery {
  readonly #settings: DeliveryStreamSettings;
  readonly #source: string;
  readonly #ports: DeliveryPorts;
  readonly #state: StateFile<Positions>;
  readonly #arrivals = new Signal();
  readonly #converter: Converter;
  readonly #faults: Faults;
  readonly #place: string;
  readonly #stop = new AbortController();
  readonly #unsubscribe: () => void;
  readonly #loop: Promise<void>;
  /** Delivered, and written to the state. */
  #delivered: Positions;
  /** Read. */
  #cursor: Positions;
  #buffered: Buffered | undefined;
  /** The last batch while the converter works on it; the next is transformed meanwhile. */
  #converting: Promise<void> = Promise.resolve();
  #is_converting = false;
  /** It waits for records, or for an interval to be over. */
  #is_idle = false;
  #waiting_since_ms: number | undefined;
  #draining = false;
  /** Deliver what is buffered, whatever its size and age. */
  #flush = false;
  /** What is delivered next was delivered before: a position is lost once. */
  #redelivering = false;
  readonly #counters = { records: 0, rows: 0, files: 0, failed: 0 };

  constructor(settings: DeliveryStreamSettings, table: GlueTable | null, ports: DeliveryPorts) {
    if (settings.source === null) throw new Error(`delivery stream ${settings.name} has no stream as source`);
    this.#settings = settings;
    this.#source = settings.source;
    this.#ports = ports;
    const { compression, delimiter, conversion } = settings;
    this.#converter = new Converter({ table, conversion, compression, delimiter });
    this.#state = new StateFile(join(ports.dir, 'firehose', `${settings.name}.json`), ports.faults);
    this.#faults = ports.faults ?? NO_FAULTS;
    this.#place = ports.place ?? `delivery.${settings.name}`;
    this.#delivered = startPositions(ports.kinesis, this.#source, this.#state.read(), 'LATEST');
    this.#state.write(this.#delivered);
    this.#cursor = { ...this.#delivered };
    this.#unsubscribe = ports.kinesis.subscribe(this.#source, () => this.#arrivals.raise());
    this.#loop = this.#run();
  }

  /** Records of the stream that aren't delivered yet. */
  backlog(): number {
    return this.#beyond(this.#delivered).records;
  }

  /** Nothing is under way: it waits for records, or for an interval to be over. */
  isIdle(): boolean {
    return this.#is_idle && !this.#is_converting;
  }

  counters(): { records: number; rows: number; files: number; failed: number } {
    return { ...this.#counters };
  }

  /** Resolves once every record that is in the stream is delivered. Buffering intervals count as over meanwhile. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#arrivals.raise();
    await untilNone(() => this.backlog(), this.#stop.signal);
    this.#draining = false;
  }

  /** Ends without a delivery: what is buffered is read again by the next run. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#unsubscribe();
    this.#arrivals.raise();
    await this.#loop;
    await this.#converter.close();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#step();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#ports.warn(`delivery stream ${this.#settings.name}: ${(error as Error).message}`);
        await this.#abandon();
        await pause(this.#ports.clock, BACKOFF_MS, this.#stop.signal);
      }
    }
  }

  /** One decision: deliver, transform, or wait for what comes first of records, the transform's interval and the delivery's. */
  async #step(): Promise<void> {
    const { clock } = this.#ports;
    const { buffer_bytes, buffer_ms, transform } = this.#settings;
    const hint = transform ?? UNTRANSFORMED;
    const waiting = this.#beyond(this.#cursor);
    const now_ms = clock.now();
    if (waiting.records > 0) this.#waiting_since_ms ??= now_ms;
    const transform_in_ms = (this.#waiting_since_ms ?? Number.POSITIVE_INFINITY) + hint.buffer_ms - now_ms;
    const deliver_in_ms = (this.#buffered?.first_ms ?? Number.POSITIVE_INFINITY) + buffer_ms - now_ms;
    const drained = this.#draining && waiting.records === 0;
    const full = this.#buffered !== undefined && this.#buffered.bytes >= buffer_bytes;
    if (this.#buffered && (full || drained || this.#flush || deliver_in_ms <= 0)) return this.#deliver();
    if (waiting.records > 0 && (waiting.bytes >= hint.buffer_bytes || this.#draining || transform_in_ms <= 0)) {
      this.#waiting_since_ms = undefined;
      await this.#take(await this.#read(hint.buffer_bytes));
      this.#flush = this.#buffered !== undefined && this.#faults.next(this.#place, ['rebatch']) !== null;
      return undefined;
    }
    const next_ms = Math.min(transform_in_ms, deliver_in_ms);
    this.#is_idle = true;
    await (Number.isFinite(next_ms) ? this.#arrivals.wait(clock, next_ms) : this.#arrivals.wait());
    this.#is_idle = false;
  }

  /** Records from the cursor on, until their bytes reach the hint: the last one may pass it. */
  async #read(hint_bytes: number): Promise<StreamRecord[]> {
    const { kinesis } = this.#ports;
    const batch: StreamRecord[] = [];
    let bytes = 0;
    for (const { id: shard } of kinesis.shards(this.#source)) {
      while (bytes < hint_bytes) {
        const after = this.#cursor[shard] ?? null;
        const limit = { records: 10_000, bytes: Math.max(1, hint_bytes - bytes) };
        const records = await kinesis.read(this.#source, shard, after === null ? 'TRIM_HORIZON' : { after }, limit);
        const last = records.at(-1);
        if (last === undefined) break;
        this.#cursor[shard] = last.sequence_number;
        for (const record of records) bytes += record.data.length;
        batch.push(...records);
      }
    }
    return batch;
  }

  async #take(batch: readonly StreamRecord[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    const now_ms = this.#ports.clock.now();
    this.#buffered ??= {
      bytes: 0,
      records: 0,
      first_ms: now_ms,
      oldest_ms: first.arrived_at_ms,
      path: this.#ports.s3.temporaryPath(),
      errors: { 'processing-failed': [], 'format-conversion-failed': [] },
    };
    const buffered = this.#buffered;
    buffered.records += batch.length;
    this.#ports.observe?.read(
      batch.length,
      batch.reduce((sum, { data }) => sum + data.length, 0),
    );
    buffered.oldest_ms = batch.reduce((oldest, r) => Math.min(oldest, r.arrived_at_ms), buffered.oldest_ms);
    const transformed = await this.#transform(batch, buffered);
    await this.#converting;
    if (transformed === null) return;
    this.#is_converting = true;
    this.#converting = this.#convert(batch, transformed, buffered).finally(() => {
      this.#is_converting = false;
      this.#arrivals.raise();
    });
    this.#converting.catch(() => undefined); // whoever waits for it sees the error
  }

  /** The transform's answer, or the records themselves where there is no transform; null where it failed at every try. */
  async #transform(batch: readonly StreamRecord[], buffered: Buffered): Promise<Uint8Array | 'as they are' | null> {
    const { transform, name } = this.#settings;
    if (transform === null) return 'as they are';
    const failure = { code: 'Lambda.FunctionError', message: '' };
    for (let attempt = 1; attempt <= 1 + transform.retries; attempt += 1) {
      if (attempt > 1) await pause(this.#ports.clock, BACKOFF_MS, this.#stop.signal);
      this.#stop.signal.throwIfAborted();
      const payload = Buffer.from(JSON.stringify(toTransformEvent(name, this.#source, batch)));
      try {
        const { function_error, payload: answer } = await this.#ports.invoke(transform.function_name, payload);
        if (function_error === null) return answer;
        this.#ports.observe?.transformed({ sent: batch.length, good: 0, answered: false });
        failure.message = `The Lambda function was successfully invoked but it returned an error result: ${Buffer.from(answer).toString()}`;
      } catch (error) {
        this.#ports.observe?.transformed({ sent: batch.length, good: 0, answered: false });
        failure.message = (error as Error).message;
      }
    }
    const failures = batch.map((_, index) => ({ index, output: 'processing-failed' as const, ...failure, raw: null }));
    this.#fail(batch, { bytes: 0, failures }, buffered, 1 + transform.retries);
    return null;
  }

  async #convert(
    batch: readonly StreamRecord[],
    transformed: Uint8Array | 'as they are',
    buffered: Buffered,
  ): Promise<void> {
    const added =
      transformed === 'as they are'
        ? await this.#converter.addBodies(
            batch.map(({ data }) => data),
            buffered.path,
          )
        : await this.#converter.addAnswer(transformed, batch.map(recordId), buffered.path);
    buffered.bytes += added.bytes;
    this.#observeConversion(batch.length, added, transformed !== 'as they are');
    this.#fail(batch, added, buffered, 1);
  }

  #observeConversion(records: number, { failures }: Added, is_transformed: boolean): void {
    const recordsOf = (output: ErrorOutput): number =>
      new Set(failures.filter((failure) => failure.output === output).map(({ index }) => index)).size;
    const { observe } = this.#ports;
    const good = records - recordsOf('processing-failed');
    if (is_transformed) observe?.transformed({ sent: records, good, answered: true });
    const unconverted = recordsOf('format-conversion-failed');
    if (unconverted > 0) observe?.conversionFailed(unconverted);
  }

  #fail(batch: readonly StreamRecord[], { failures }: Added, buffered: Buffered, attempts: number): void {
    for (const { index, output, code, message, raw } of failures) {
      const record = batch[index] as StreamRecord;
      const failed = {
        ...record,
        code,
        message,
        attempts,
        ended_at_ms: this.#ports.clock.now(),
        raw: raw === null ? record.data : Buffer.from(raw),
      };
      const { transform, conversion } = this.#settings;
      const line =
        output === 'processing-failed' || conversion === null
          ? processingFailedLine(failed, transform?.function_name ?? '')
          : conversionFailedLine(failed, conversion);
      buffered.errors[output].push(line);
      buffered.bytes += line.length;
      this.#counters.failed += 1;
    }
  }

  /** Writes the object, then the errors, then the positions. */
  async #deliver(): Promise<void> {
    await this.#converting;
    const buffered = this.#buffered;
    if (buffered === undefined) return;
    const fault = this.#faults.next(this.#place, this.#redelivering ? ['replaced'] : ['duplicate', 'replaced']);
    if (fault === 'replaced') return this.#replace();
    const { records, bytes } = buffered;
    const delivery = { records, bytes, age_ms: this.#ports.clock.now() - buffered.oldest_ms };
    try {
      await this.#putObjects(buffered);
    } catch (error) {
      this.#ports.observe?.delivered({ ...delivery, success: false });
      throw error;
    }
    this.#ports.observe?.delivered({ ...delivery, success: true });
    this.#flush = false;
    this.#redelivering = fault === 'duplicate';
    if (fault === 'duplicate') return this.#abandon();
    this.#delivered = { ...this.#cursor };
    this.#state.write(this.#delivered);
    this.#counters.records += buffered.records;
    this.#buffered = undefined;
  }

  async #putObjects(buffered: Buffered): Promise<void> {
    const { name, bucket, prefix, error_prefix, conversion, compression } = this.#settings;
    const finished = await this.#converter.finish();
    if (finished && finished.rows > 0) {
      const object = objectName(name, buffered.oldest_ms, endingOf(conversion !== null, compression));
      await this.#ports.s3.putFile(bucket, expandPrefix(prefix, buffered.oldest_ms) + object, finished.path);
      this.#counters.files += 1;
      this.#counters.rows += finished.rows;
    }
    for (const [output, lines] of Object.entries(buffered.errors)) {
      if (lines.length === 0) continue;
      const key = expandPrefix(error_prefix, buffered.oldest_ms, output) + objectName(name, buffered.oldest_ms, '');
      await this.#ports.s3.put(bucket, key, Buffer.from(`${lines.join('\n')}\n`));
    }
    rmSync(buffered.path, { force: true }); // of a file without a row
  }

  /** Another delivery stream is in this one's place: what it had buffered is gone, and it begins at the newest record. */
  async #replace(): Promise<void> {
    this.#delivered = startPositions(this.#ports.kinesis, this.#source, undefined, 'LATEST');
    this.#state.write(this.#delivered);
    await this.#abandon();
  }

  /** Goes back to what is delivered. */
  async #abandon(): Promise<void> {
    await this.#converting.catch(() => undefined);
    await this.#converter.abandon().catch(() => undefined);
    if (this.#buffered) rmSync(this.#buffered.path, { force: true });
    this.#converting = Promise.resolve();
    this.#flush = false;
    this.#buffered = undefined;
    this.#cursor = { ...this.#delivered };
  }

  #beyond(positions: Positions): { records: number; bytes: number } {
    let [records, bytes] = [0, 0];
    const { kinesis } = this.#ports;
    for (const { id } of kinesis.shards(this.#source)) {
      const pending = kinesis.pending(this.#source, id, positions[id] ?? undefined);
      records += pending.records;
      bytes += pending.bytes;
    }
    return { records, bytes };
  }
}
