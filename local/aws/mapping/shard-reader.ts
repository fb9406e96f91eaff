import type { VirtualClock } from '../../clock.ts';
import type { Faults } from '../faults.ts';
import { isThrough } from '../kinesis/positions.ts';
import type { KinesisStore, StreamRecord } from '../kinesis/store.ts';
import type { Invocation } from '../lambda/lambda.ts';
import { REQUEST_LIMIT_BYTES } from '../lambda/protocol.ts';
import { pause } from '../pause.ts';
import type { Chance } from '../seeded.ts';
import { Signal } from '../signal.ts';
import { type BatchOutcome, toBatchOutcome } from './batch-answer.ts';
import { fittingRecords, toBatchEvent } from './batch-event.ts';
import { type Condition, failureDocument } from './failure-document.ts';
import { afterInvocation, type Batch } from './retry.ts';
import type { MappingSettings } from './settings.ts';

/** What a reader needs of its mapping. */
export interface ReaderPorts {
  readonly kinesis: Pick<KinesisStore, 'shards' | 'read' | 'pending'>;
  readonly invoke: (function_name: string, payload: Uint8Array) => Promise<Invocation>;
  readonly putObject: (bucket: string, key: string, body: Buffer) => Promise<unknown>;
  readonly clock: VirtualClock;
  readonly warn: (message: string) => void;
  readonly faults: Faults;
  readonly chance: Chance;
  readonly observe?: { invoking(age_ms: number): void };
  /** The mapping's name in the vocabulary of faults. */
  readonly place: string;
  /** Aborted: take no further batch. */
  readonly stop: AbortSignal;
  /** Batching windows count as over. */
  readonly isDraining: () => boolean;
  readonly position: () => string | null;
  /** Writes the new position. `done`, `given_up`: records, for the counters. */
  readonly moveTo: (sequence_number: string, counts: { readonly done: number; readonly given_up: number }) => void;
}

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;
/** Record data that can fit into an invocation once it is base64. */
const RAW_LIMIT_BYTES = Math.floor((REQUEST_LIMIT_BYTES / 4) * 3);

/** Reads one shard in order, one invocation at a time. */
export class ShardReader {
  readonly #shard: string;
  readonly #settings: MappingSettings;
  readonly #ports: ReaderPorts;
  readonly #arrivals = new Signal();
  /** The last batch that was done was delivered again already: a position is lost once. */
  #redelivered = false;

  constructor(shard: string, settings: MappingSettings, ports: ReaderPorts) {
    this.#shard = shard;
    this.#settings = settings;
    this.#ports = ports;
  }

  /** Records may have arrived, the shard may be closed, or something else may have ended the waiting. */
  wake(): void {
    this.#arrivals.raise();
  }

  /** Resolves when the shard is closed and read to its end, or has expired, or the mapping was stopped. */
  async run(): Promise<void> {
    const { clock, stop, warn } = this.#ports;
    const batches: Batch<StreamRecord>[] = [];
    let backoff_ms = FIRST_BACKOFF_MS;
    while (!stop.aborted) {
      let again: boolean;
      try {
        const batch = batches.shift() ?? (await this.#gather());
        if (batch === undefined) return;
        again = await this.#attempt(batch, batches);
      } catch (error) {
        warn(`event source mapping of ${this.#settings.function_name}: ${(error as Error).message}`);
        batches.length = 0; // they are gathered again from the position
        again = true;
      }
      if (again) await pause(clock, backoff_ms, stop);
      backoff_ms = again ? Math.min(backoff_ms * 2, LONGEST_BACKOFF_MS) : FIRST_BACKOFF_MS;
    }
  }

  /** The next batch: as soon as it is full, by records or by bytes, or its window is over since its first record was seen. */
  async #gather(): Promise<Batch<StreamRecord> | undefined> {
    const { kinesis, clock, stop, isDraining } = this.#ports;
    const { stream } = this.#settings;
    let seen: { readonly at_ms: number; readonly batch_size: number; readonly window_ms: number } | undefined;
    while (!stop.aborted) {
      const after = this.#ports.position();
      const shard = kinesis.shards(stream).find(({ id }) => id === this.#shard);
      if (shard === undefined || isThrough(kinesis, stream, shard, after)) return undefined;
      const waiting = kinesis.pending(stream, this.#shard, after ?? undefined);
      if (waiting.records > 0) {
        seen ??= { at_ms: clock.now(), ...this.#extent(waiting.records) };
        const left_ms = seen.window_ms - (clock.now() - seen.at_ms);
        const full = waiting.records >= seen.batch_size || waiting.bytes >= RAW_LIMIT_BYTES;
        if (full || shard.closed || isDraining() || left_ms <= 0) {
          const limit = { records: seen.batch_size, bytes: RAW_LIMIT_BYTES };
          const from = after === null ? 'TRIM_HORIZON' : { after };
          const records = await kinesis.read(stream, this.#shard, from, limit);
          const fitting = records.slice(0, fittingRecords(records, REQUEST_LIMIT_BYTES));
          return { records: fitting, retries: 0, invocations: 0 };
        }
        await this.#arrivals.wait(clock, left_ms);
      } else {
        seen = undefined;
        await this.#arrivals.wait();
      }
    }
    return undefined;
  }

  /** How large a batch may become and how long it waits. AWS promises neither: with `rebatch` it ends anywhere, or waits for up to twice its window. */
  #extent(waiting: number): { batch_size: number; window_ms: number } {
    const { faults, chance, place } = this.#ports;
    const { batch_size, window_ms } = this.#settings;
    if (faults.next(place, ['rebatch']) === null) return { batch_size, window_ms };
    if (window_ms > 0 && chance() < 0.5) return { batch_size, window_ms: Math.floor(chance() * 2 * window_ms) };
    return { batch_size: 1 + Math.floor(chance() * Math.min(batch_size, waiting)), window_ms: 0 };
  }

  /** Invokes the function with a batch; what is left of it comes first in `batches`. True if that has to wait. */
  async #attempt(batch: Batch<StreamRecord>, batches: Batch<StreamRecord>[]): Promise<boolean> {
    const { clock, faults, place, moveTo } = this.#ports;
    const { records } = batch;
    // A driven clock jumps: what it says of a record's age is not how long the record has waited.
    const age_limit_ms = clock.speed === 0 ? null : this.#settings.maximum_record_age_ms;
    const oldest_ms = clock.now() - (age_limit_ms ?? Number.POSITIVE_INFINITY);
    const expired = records.filter((record) => record.arrived_at_ms < oldest_ms);
    if (expired.length > 0) {
      await this.#giveUp({ ...batch, records: expired }, 'RecordAgeExceeded', null);
      const rest = records.slice(expired.length);
      if (rest.length > 0) batches.unshift({ ...batch, records: rest });
      return false;
    }
    if (this.#canGiveUp && faults.next(place, ['give_up']) !== null) {
      await this.#giveUp(batch, 'RecordAgeExceeded', null);
      return false;
    }
    const payload = Buffer.from(JSON.stringify(toBatchEvent(records, this.#settings)));
    const newest_ms = records.at(-1)?.arrived_at_ms ?? clock.now();
    this.#ports.observe?.invoking(Math.max(0, clock.now() - newest_ms));
    const invocation = await this.#invoke(payload);
    if (invocation === null) {
      batches.unshift(batch); // the same batch comes again, and grows old
      return true;
    }
    const outcome = this.#outcome(invocation, records);
    const fault = faults.next(place, this.#possible(outcome, records.length));
    if (fault === 'give_up') {
      await this.#giveUp({ ...batch, invocations: batch.invocations + 1 }, 'RetryAttemptsExhausted', invocation);
      return false;
    }
    this.#redelivered = fault === 'duplicate';
    if (fault === 'duplicate') {
      batches.length = 0; // the position of before is all that is left: they are gathered again
      return false;
    }
    const next = afterInvocation(batch, fault === 'bisect' ? 'failed' : outcome, this.#settings);
    if (next.done) moveTo(next.done.sequence_number, { done: records.indexOf(next.done) + 1, given_up: 0 });
    if (next.give_up) await this.#giveUp(next.give_up, 'RetryAttemptsExhausted', invocation);
    batches.unshift(...next.batches);
    return next.batches.length > 0;
  }

  /** null: the function could not be invoked, as where it is throttled. That is no retry of the batch. */
  async #invoke(payload: Uint8Array): Promise<Invocation | null> {
    try {
      return await this.#ports.invoke(this.#settings.function_name, payload);
    } catch (error) {
      this.#ports.warn(`event source mapping of ${this.#settings.function_name}: ${(error as Error).message}`);
      return null;
    }
  }

  get #canGiveUp(): boolean {
    return this.#settings.failure_bucket !== null;
  }

  /** Faults that can come after an invocation, each of which leaves less to be done or can't come twice in a row: the shard is always read to its end. */
  #possible(outcome: BatchOutcome, records: number): readonly ('give_up' | 'duplicate' | 'bisect')[] {
    return [
      ...(this.#canGiveUp ? (['give_up'] as const) : []),
      ...(outcome === 'done' && !this.#redelivered ? (['duplicate'] as const) : []),
      ...(this.#settings.bisect && records > 1 ? (['bisect'] as const) : []),
    ];
  }

  #outcome({ function_error, payload }: Invocation, records: readonly StreamRecord[]): BatchOutcome {
    if (function_error !== null) return 'failed';
    if (!this.#settings.partial_answers) return 'done';
    return toBatchOutcome(
      payload,
      records.map((record) => record.sequence_number),
    );
  }

  /** The document is put before the position moves: a batch is never given up without one. */
  async #giveUp(
    { records, invocations }: Batch<StreamRecord>,
    condition: Condition,
    last: Invocation | null,
  ): Promise<void> {
    const newest = records.at(-1);
    if (newest === undefined) return;
    const { failure_bucket } = this.#settings;
    if (failure_bucket !== null) {
      const { request_id, function_error } = last ?? { request_id: null, function_error: null };
      const time_ms = this.#ports.clock.now();
      const given_up = { condition, records, invocations, request_id, function_error, time_ms };
      const { key, body } = failureDocument(given_up, this.#settings);
      await this.#ports.putObject(failure_bucket, key, Buffer.from(body));
    }
    this.#ports.moveTo(newest.sequence_number, { done: 0, given_up: records.length });
  }
}
