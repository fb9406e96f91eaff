import { join } from 'node:path';
import type { VirtualClock } from '../../clock.ts';
import type { KinesisStore, StreamRecord } from '../kinesis/store.ts';
import type { Invocation } from '../lambda/lambda.ts';
import { REQUEST_LIMIT_BYTES } from '../lambda/protocol.ts';
import { pause, untilNone } from '../pause.ts';
import { Signal } from '../signal.ts';
import { StateFile } from '../state-file.ts';
import { type BatchOutcome, toBatchOutcome } from './batch-answer.ts';
import { fittingRecords, toBatchEvent } from './batch-event.ts';
import { type Condition, failureDocument } from './failure-document.ts';
import { afterInvocation, type Batch } from './retry.ts';
import type { MappingSettings } from './settings.ts';

/** What the mapping needs of the other services. */
export interface MappingPorts {
  readonly kinesis: Pick<KinesisStore, 'shardIds' | 'read' | 'last' | 'pending' | 'subscribe'>;
  readonly invoke: (function_name: string, payload: Uint8Array) => Promise<Invocation>;
  readonly putObject: (bucket: string, key: string, body: Buffer) => Promise<unknown>;
  readonly clock: VirtualClock;
  /** The state folder. */
  readonly dir: string;
  /** An error that isn't the function's: the mapping goes on trying, and a person should know. */
  readonly warn: (message: string) => void;
}

/** Shard → sequence number of the last record that is done; null: none yet, from the oldest. */
type Positions = Record<string, string | null>;

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 60_000;
/** Record data that can fit into an invocation once it is base64. */
const RAW_LIMIT_BYTES = Math.floor((REQUEST_LIMIT_BYTES / 4) * 3);

/**
 * An event source mapping of a Kinesis stream: in order within each shard, one invocation of a shard at a time (ParallelizationFactor 1).
 * Delivery guarantee: at least once. The position of a shard is written after the function answered, or after the failure document
 * was put; a killed run delivers the batch in flight again, and begins its retries anew.
 */
export class EventSourceMapping {
  readonly #settings: MappingSettings;
  readonly #ports: MappingPorts;
  readonly #state: StateFile<Positions>;
  readonly #positions: Positions;
  readonly #arrivals = new Map<string, Signal>();
  readonly #stop = new AbortController();
  readonly #unsubscribe: () => void;
  readonly #loops: Promise<void>[];
  #draining = false;
  #given_up = 0;
  #done = 0;

  constructor(settings: MappingSettings, ports: MappingPorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#state = new StateFile(join(ports.dir, 'mapping', `${settings.uuid}.json`));
    this.#positions = this.#state.read() ?? {};
    const shards = ports.kinesis.shardIds(settings.stream);
    for (const shard of shards) {
      this.#arrivals.set(shard, new Signal());
      if (shard in this.#positions) continue;
      const latest = settings.starting_position === 'LATEST';
      this.#positions[shard] = latest ? (ports.kinesis.last(settings.stream, shard) ?? null) : null;
    }
    this.#state.write(this.#positions);
    this.#unsubscribe = ports.kinesis.subscribe(settings.stream, () => this.#wake());
    this.#loops = settings.enabled ? shards.map((shard) => this.#follow(shard)) : [];
  }

  /** Records that lie beyond the positions, also those in flight. */
  backlog(): number {
    const { kinesis } = this.#ports;
    return Object.entries(this.#positions).reduce(
      (sum, [shard, after]) => sum + kinesis.pending(this.#settings.stream, shard, after ?? undefined).records,
      0,
    );
  }

  counters(): { done: number; given_up: number } {
    return { done: this.#done, given_up: this.#given_up };
  }

  /** Resolves once every record that is there is done or given up. Batching windows count as over meanwhile. */
  async drain(): Promise<void> {
    if (!this.#settings.enabled) return;
    this.#draining = true;
    this.#wake();
    await untilNone(() => this.backlog(), this.#stop.signal);
    this.#draining = false;
  }

  /** Takes no further batch; what is in flight comes to its end first. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#unsubscribe();
    this.#wake();
    await Promise.all(this.#loops);
  }

  #wake(): void {
    for (const signal of this.#arrivals.values()) signal.raise();
  }

  async #follow(shard: string): Promise<void> {
    const batches: Batch<StreamRecord>[] = [];
    let backoff_ms = FIRST_BACKOFF_MS;
    while (!this.#stop.signal.aborted) {
      let again: boolean;
      try {
        const batch = batches.shift() ?? (await this.#gather(shard));
        if (batch === undefined) return;
        again = await this.#attempt(shard, batch, batches);
      } catch (error) {
        this.#ports.warn(`event source mapping of ${this.#settings.function_name}: ${(error as Error).message}`);
        batches.length = 0; // they are gathered again from the position
        again = true;
      }
      if (again) await pause(this.#ports.clock, backoff_ms, this.#stop.signal);
      backoff_ms = again ? Math.min(backoff_ms * 2, LONGEST_BACKOFF_MS) : FIRST_BACKOFF_MS;
    }
  }

  /** The next batch: as soon as it is full, by records or by bytes, or its window is over since its first record was seen. */
  async #gather(shard: string): Promise<Batch<StreamRecord> | undefined> {
    const { kinesis, clock } = this.#ports;
    const { stream, batch_size, window_ms } = this.#settings;
    const arrivals = this.#arrivals.get(shard) as Signal;
    let first_ms: number | undefined;
    while (!this.#stop.signal.aborted) {
      const after = this.#positions[shard] ?? undefined;
      const waiting = kinesis.pending(stream, shard, after);
      if (waiting.records > 0) {
        first_ms ??= clock.now();
        const left_ms = window_ms - (clock.now() - first_ms);
        const full = waiting.records >= batch_size || waiting.bytes >= RAW_LIMIT_BYTES;
        if (full || this.#draining || left_ms <= 0) {
          const limit = { records: batch_size, bytes: RAW_LIMIT_BYTES };
          const records = await kinesis.read(stream, shard, after === undefined ? 'TRIM_HORIZON' : { after }, limit);
          const fitting = records.slice(0, fittingRecords(records, REQUEST_LIMIT_BYTES));
          return { records: fitting, retries: 0, invocations: 0 };
        }
        await arrivals.wait(clock, left_ms);
      } else {
        first_ms = undefined;
        await arrivals.wait();
      }
    }
    return undefined;
  }

  /** Invokes the function with a batch; what is left of it comes first in `batches`. True if that has to wait. */
  async #attempt(shard: string, batch: Batch<StreamRecord>, batches: Batch<StreamRecord>[]): Promise<boolean> {
    // A driven clock jumps: what it says of a record's age is not how long the record has waited.
    const age_limit_ms = this.#ports.clock.speed === 0 ? null : this.#settings.maximum_record_age_ms;
    const oldest_ms = this.#ports.clock.now() - (age_limit_ms ?? Number.POSITIVE_INFINITY);
    const expired = batch.records.filter((record) => record.arrived_at_ms < oldest_ms);
    if (expired.length > 0) {
      await this.#giveUp(shard, { ...batch, records: expired }, 'RecordAgeExceeded', null);
      const rest = batch.records.slice(expired.length);
      if (rest.length > 0) batches.unshift({ ...batch, records: rest });
      return false;
    }
    const payload = Buffer.from(JSON.stringify(toBatchEvent(batch.records, this.#settings)));
    const invocation = await this.#ports.invoke(this.#settings.function_name, payload);
    const next = afterInvocation(batch, this.#outcome(invocation, batch.records), this.#settings);
    if (next.done) this.#moveTo(shard, next.done, batch.records.indexOf(next.done) + 1);
    if (next.give_up) await this.#giveUp(shard, next.give_up, 'RetryAttemptsExhausted', invocation);
    batches.unshift(...next.batches);
    return next.batches.length > 0;
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
    shard: string,
    { records, invocations }: Batch<StreamRecord>,
    condition: Condition,
    last: Invocation | null,
  ): Promise<void> {
    const newest = records.at(-1);
    if (newest === undefined) return;
    const { failure_bucket } = this.#settings;
    if (failure_bucket !== null) {
      const { request_id, function_error } = last ?? { request_id: null, function_error: null };
      const given_up = {
        condition,
        records,
        invocations,
        request_id,
        function_error,
        time_ms: this.#ports.clock.now(),
      };
      const { key, body } = failureDocument(given_up, this.#settings);
      await this.#ports.putObject(failure_bucket, key, Buffer.from(body));
    }
    this.#given_up += records.length;
    this.#moveTo(shard, newest, 0);
  }

  #moveTo(shard: string, record: StreamRecord, done: number): void {
    this.#positions[shard] = record.sequence_number;
    this.#state.write(this.#positions);
    this.#done += done;
  }
}
