import { gzipSync } from 'node:zlib';
import { FatalError } from '../../lib/errors.ts';
import { FIREHOSE_LIMITS } from '../../lib/poll/quarantine.ts';
import { type GroupState, type GroupStates, parseState, stateText } from '../../lib/poll/state.ts';
import { KINESIS_LIMITS, type PutLimits, type PutPort, type StreamRecord } from '../../lib/stream/put-records.ts';
import { MemoryCheckpoints, MemoryLog } from '../silver/memory-log.ts';
import type { Implementation, ShardRecords } from './ports.ts';

const HOUR_MS = 3_600_000;

class MemoryStates implements GroupStates {
  readonly items = new Map<string, { slot_ms: number; text: string }>();

  async read(group_id: string): Promise<GroupState> {
    const item = this.items.get(group_id);
    return item === undefined ? {} : parseState(item.text);
  }

  async write(group_id: string, state: GroupState, slot_ms: number): Promise<void> {
    const text = stateText(state);
    const before = this.items.get(group_id)?.slot_ms;
    const is_overlap = before !== undefined && before >= slot_ms && before <= slot_ms + HOUR_MS;
    if (!is_overlap) this.items.set(group_id, { slot_ms, text });
  }
}

/** What a service refuses as a whole. */
function refuse(records: readonly StreamRecord[], limits: PutLimits, sizeOf: (record: StreamRecord) => number): void {
  const sizes = records.map(sizeOf);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (records.length > limits.records || total > limits.bytes || sizes.some((size) => size > limits.record_bytes)) {
    throw new FatalError('stream', 'InvalidArgumentException', 'the call is larger than the service takes');
  }
}

class MemoryStream implements PutPort {
  readonly shards: ShardRecords[] = [0, 1].map((n) => ({ shard_id: `shardId-00000000000${n}`, records: [] }));
  #stored = 0;

  async put(records: readonly StreamRecord[]): Promise<null[]> {
    refuse(records, KINESIS_LIMITS, (r) => r.bytes.length + Buffer.byteLength(r.partition_key));
    for (const { partition_key, bytes } of records) {
      const sum = Buffer.from(partition_key).reduce((hash, byte) => (hash * 31 + byte) % 65_521, 7);
      const shard = this.shards[sum % 2];
      this.#stored += 1;
      (shard?.records as unknown[] | undefined)?.push({
        sequence_number: String(this.#stored),
        partition_key,
        data: bytes,
      });
    }
    return records.map(() => null);
  }
}

class MemoryDelivery implements PutPort {
  readonly objects: { key: string; bytes: Uint8Array }[] = [];

  async put(records: readonly StreamRecord[]): Promise<null[]> {
    refuse(records, FIREHOSE_LIMITS, (r) => r.bytes.length);
    this.objects.push({
      key: `quarantine/dt=2026-01-01/hh=00/${this.objects.length}`,
      bytes: gzipSync(Buffer.concat(records.map(({ bytes }) => bytes))),
    });
    return records.map(() => null);
  }
}

const absent: PutPort = {
  put: () => Promise.reject(new FatalError('stream', 'ResourceNotFoundException', 'it is not there')),
};

/** What the tests of the program run on. */
export const MEMORY: Implementation = {
  name: 'memory',
  differences: {
    'a checkpoint of 360 KB is kept; one that an item cannot hold throws, and the old one stays': {
      shows: /resolved "undefined" instead of rejecting/,
      why: 'memory holds any size',
    },
  },
  start: async () => {
    const [checkpoints, states, stream, delivery] = [
      new MemoryCheckpoints(),
      new MemoryStates(),
      new MemoryStream(),
      new MemoryDelivery(),
    ];
    return {
      log: new MemoryLog(undefined, Number.POSITIVE_INFINITY),
      checkpoints,
      putCheckpointBytes: async (lane, version, bytes) => void checkpoints.items.set(lane, { version, bytes }),
      states,
      putStateText: async (group_id, slot_ms, text) => void states.items.set(group_id, { slot_ms, text }),
      stream,
      absent_stream: absent,
      readStream: async () => stream.shards,
      delivery,
      absent_delivery: absent,
      delivered: async () => delivery.objects,
      close: async () => undefined,
    };
  },
};
