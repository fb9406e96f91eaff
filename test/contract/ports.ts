import type { GroupStates } from '../../lib/poll/state.ts';
import type { CheckpointStore } from '../../lib/silver/checkpoint.ts';
import type { LogStore } from '../../lib/silver/log.ts';
import type { PutPort } from '../../lib/stream/put-records.ts';

/** A shard of the stream with its records in the order in which a reader gets them. */
export interface ShardRecords {
  readonly shard_id: string;
  readonly records: readonly {
    readonly sequence_number: string;
    readonly partition_key: string;
    readonly data: Uint8Array;
  }[];
}

/** The program's ports on one implementation, and what a test needs to look behind them. */
export interface Ports {
  readonly log: LogStore;
  readonly checkpoints: CheckpointStore;
  /** Puts bytes where the checkpoint of a lane lies, past the port. */
  putCheckpointBytes(lane: string, version: number, bytes: Uint8Array): Promise<void>;
  readonly states: GroupStates;
  /** Puts text where the state of a group lies, past the port. */
  putStateText(group_id: string, slot_ms: number, text: string): Promise<void>;
  /** Of two shards, with room for whatever the suite puts. */
  readonly stream: PutPort;
  readonly absent_stream: PutPort;
  readStream(): Promise<ShardRecords[]>;
  /** Delivers under `DELIVERY_PREFIX`, gzip. */
  readonly delivery: PutPort;
  readonly absent_delivery: PutPort;
  /** All objects that were delivered, once nothing is buffered any more; as they lie there. */
  delivered(): Promise<{ readonly key: string; readonly bytes: Uint8Array }[]>;
  close(): Promise<void>;
}

export const DELIVERY_PREFIX = 'quarantine/dt=!{timestamp:yyyy-MM-dd}/hh=!{timestamp:HH}/';

/** A failure that an implementation is known for: what the check's failure says, and why AWS is otherwise. */
export interface Difference {
  readonly shows: RegExp;
  readonly why: string;
}

export interface Implementation {
  readonly name: string;
  start(): Promise<Ports>;
  /** By the text of the promise. Kept exact: one that vanishes, or shows otherwise, fails. */
  readonly differences: Readonly<Record<string, Difference>>;
}
