/** What the store knows, in the shapes of the Kinesis API. Timestamps are epoch seconds, as AWS JSON has them. */
import { arnOf } from '../names.ts';
import type { HashRange } from './hash.ts';
import type { ShardFacts, StreamFacts, StreamRecord } from './store.ts';

const seconds = (ms: number): number => ms / 1000;
export const streamArn = (name: string): string => arnOf('kinesis', `stream/${name}`);

export const toDescription = (facts: StreamFacts) => ({
  StreamName: facts.name,
  StreamARN: streamArn(facts.name),
  StreamStatus: 'ACTIVE',
  StreamModeDetails: { StreamMode: 'PROVISIONED' },
  RetentionPeriodHours: facts.retention_hours,
  StreamCreationTimestamp: seconds(facts.created_ms),
  EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
  EncryptionType: 'NONE',
});

const toHashKeyRange = ({ start, end }: HashRange) => ({ StartingHashKey: String(start), EndingHashKey: String(end) });

export const toShard = ({ id, range, parents: [parent, adjacent], first, ending }: ShardFacts) => ({
  ShardId: id,
  ...(parent !== undefined && { ParentShardId: parent }),
  ...(adjacent !== undefined && { AdjacentParentShardId: adjacent }),
  HashKeyRange: toHashKeyRange(range),
  SequenceNumberRange: {
    StartingSequenceNumber: first,
    ...(ending !== null && { EndingSequenceNumber: ending }),
  },
});

export const toChildShard = ({ id, range, parents }: ShardFacts) => ({
  ShardId: id,
  ParentShards: parents,
  HashKeyRange: toHashKeyRange(range),
});

export const toRecord = (record: StreamRecord) => ({
  SequenceNumber: record.sequence_number,
  ApproximateArrivalTimestamp: seconds(record.arrived_at_ms),
  Data: record.data.toString('base64'),
  PartitionKey: record.partition_key,
  EncryptionType: 'NONE',
});
