/** What the store knows, in the shapes of the Kinesis API. Timestamps are epoch seconds, as AWS JSON has them. */
import { arnOf } from '../names.ts';
import type { StreamFacts, StreamRecord } from './store.ts';

const seconds = (ms: number): number => ms / 1000;
const streamArn = (name: string): string => arnOf('kinesis', `stream/${name}`);

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

export const toShard = (shard: StreamFacts['shards'][number]) => ({
  ShardId: shard.id,
  HashKeyRange: { StartingHashKey: String(shard.range.start), EndingHashKey: String(shard.range.end) },
  SequenceNumberRange: { StartingSequenceNumber: shard.first },
});

export const toRecord = (record: StreamRecord) => ({
  SequenceNumber: record.sequence_number,
  ApproximateArrivalTimestamp: seconds(record.arrived_at_ms),
  Data: record.data.toString('base64'),
  PartitionKey: record.partition_key,
  EncryptionType: 'NONE',
});
