import { join } from 'node:path';
import type { VirtualClock } from '../../clock.ts';
import { type Faults, NO_FAULTS } from '../faults.ts';
import { isThrough, type Positions, positionsOf, startPositions } from '../kinesis/positions.ts';
import type { KinesisStore, ShardState } from '../kinesis/store.ts';
import type { Invocation } from '../lambda/lambda.ts';
import { untilNone } from '../pause.ts';
import { seededChance } from '../seeded.ts';
import { StateFile } from '../state-file.ts';
import type { MappingSettings } from './settings.ts';
import { ShardReader } from './shard-reader.ts';

/** Is told of the batches of a mapping. */
export interface MappingObserver {
  /** The function is invoked with a batch whose newest record is as old as this. */
  invoking(age_ms: number): void;
  /** Records were given up, and a document of them was put, or not. */
  gaveUp(records: number, is_documented: boolean): void;
}

/** What the mapping needs of the other services. */
export interface MappingPorts {
  readonly kinesis: Pick<KinesisStore, 'shards' | 'read' | 'last' | 'pending' | 'subscribe'>;
  readonly invoke: (function_name: string, payload: Uint8Array) => Promise<Invocation>;
  readonly putObject: (bucket: string, key: string, body: Buffer) => Promise<unknown>;
  readonly clock: VirtualClock;
  /** The state folder. */
  readonly dir: string;
  /** An error that isn't the function's: the mapping goes on trying, and a person should know. */
  readonly warn: (message: string) => void;
  readonly faults?: Faults;
  readonly observe?: MappingObserver;
  /** Its name in the vocabulary of faults; `mapping.<function name>` if it isn't given. */
  readonly place?: string;
  /** For tests: children are read at once, and not after their parents. What reads the stream must survive that too. */
  readonly early_children?: boolean;
}

/**
 * An event source mapping of a Kinesis stream: in order within each shard, one invocation of a shard at a time (ParallelizationFactor 1).
 * A shard is read once its parents are read to their ends, so the records of a partition key come in order over a reshard too: the rule of the
 * Kinesis developer guide ("Complete the resharding action": the parents first, where the order of the data matters), which the pollers of
 * Lambda follow; Lambda's own guide promises the order within a shard, and says nothing of a reshard.
 * Delivery guarantee: at least once. The position of a shard is written after the function answered, or after the failure document
 * was put; a killed run delivers the batch in flight again, and begins its retries anew.
 */
export class EventSourceMapping {
  readonly #settings: MappingSettings;
  readonly #ports: MappingPorts;
  readonly #faults: Faults;
  readonly #chance = seededChance(1);
  readonly #state: StateFile<Positions>;
  #positions: Positions;
  readonly #readers = new Map<string, ShardReader>();
  /** Of the readers that are at work. */
  readonly #loops = new Set<Promise<void>>();
  /** Shards that are closed and read to their ends. */
  readonly #through = new Set<string>();
  readonly #stop = new AbortController();
  readonly #unsubscribe: () => void;
  #draining = false;
  #given_up = 0;
  #done = 0;

  constructor(settings: MappingSettings, ports: MappingPorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#faults = ports.faults ?? NO_FAULTS;
    this.#state = new StateFile(join(ports.dir, 'mapping', `${settings.uuid}.json`), ports.faults);
    const { stream, starting_position } = settings;
    this.#positions = startPositions(ports.kinesis, stream, this.#state.read(), starting_position);
    this.#state.write(this.#positions);
    this.#unsubscribe = ports.kinesis.subscribe(stream, () => this.#wake());
    this.#startReaders();
  }

  /** Records that lie beyond the positions, also those in flight. */
  backlog(): number {
    const { kinesis } = this.#ports;
    const { stream } = this.#settings;
    let records = 0;
    for (const { id } of kinesis.shards(stream))
      if (!this.#through.has(id)) records += kinesis.pending(stream, id, this.#positions[id] ?? undefined).records;
    return records;
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
    this.#startReaders();
    for (const reader of this.#readers.values()) reader.wake();
  }

  /** Every shard that is open or has records left, and whose parents are read to their ends, has a reader. */
  #startReaders(): void {
    if (!this.#settings.enabled || this.#stop.signal.aborted) return;
    const { kinesis, early_children } = this.#ports;
    const shards = kinesis.shards(this.#settings.stream);
    // An ancestor that isn't listed has expired: nothing of it is left to read. A shard without records is done when those before it are.
    const undone = new Set(shards.map(({ id }) => id));
    for (const shard of shards) {
      const is_next = !shard.parents.some((parent) => undone.has(parent));
      const is_through = this.#isThrough(shard);
      if (is_next && is_through) undone.delete(shard.id);
      if (!is_through && !this.#readers.has(shard.id) && (is_next || early_children)) this.#startReader(shard.id);
    }
  }

  #isThrough(shard: ShardState): boolean {
    if (this.#through.has(shard.id)) return true;
    if (!isThrough(this.#ports.kinesis, this.#settings.stream, shard, this.#positions[shard.id])) return false;
    this.#through.add(shard.id);
    return true;
  }

  #startReader(shard: string): void {
    const { function_name } = this.#settings;
    const reader = new ShardReader(shard, this.#settings, {
      ...this.#ports,
      faults: this.#faults,
      chance: this.#chance,
      place: this.#ports.place ?? `mapping.${function_name}`,
      stop: this.#stop.signal,
      isDraining: () => this.#draining,
      position: () => this.#positions[shard] ?? null,
      moveTo: (sequence_number, { done, given_up }) => {
        this.#moveTo(shard, sequence_number);
        this.#done += done;
        this.#given_up += given_up;
        if (given_up > 0) this.#ports.observe?.gaveUp(given_up, this.#settings.failure_bucket !== null);
      },
    });
    this.#readers.set(shard, reader);
    const loop = reader.run().then(() => {
      this.#readers.delete(shard);
      this.#loops.delete(loop);
      this.#startReaders();
    });
    this.#loops.add(loop);
  }

  #moveTo(shard: string, sequence_number: string): void {
    const positions = positionsOf(this.#ports.kinesis.shards(this.#settings.stream), this.#positions);
    positions[shard] = sequence_number;
    this.#state.write(positions);
    this.#positions = positions;
  }
}
