import { randomUUID } from 'node:crypto';
import type { StreamRecord } from '../kinesis/store.ts';
import { arnOf, REGION } from '../names.ts';

/** A Firehose record id: of its shard and sequence number, so that a retry has the same. */
export const recordId = (record: StreamRecord): string =>
  `${record.shard_id.slice(-12)}${record.sequence_number}${'0'.repeat(20)}`;

/** What Firehose hands to its transform for records that it read from a stream (Firehose developer guide, "Data transformation"). */
export function toTransformEvent(delivery_stream: string, source: string, records: readonly StreamRecord[]): object {
  return {
    invocationId: randomUUID(),
    sourceKinesisStreamArn: arnOf('kinesis', `stream/${source}`),
    deliveryStreamArn: arnOf('firehose', `deliverystream/${delivery_stream}`),
    region: REGION,
    records: records.map((record) => ({
      recordId: recordId(record),
      approximateArrivalTimestamp: record.arrived_at_ms,
      data: record.data.toString('base64'),
      kinesisRecordMetadata: {
        sequenceNumber: record.sequence_number,
        subsequenceNumber: 0,
        partitionKey: record.partition_key,
        shardId: record.shard_id,
        approximateArrivalTimestamp: record.arrived_at_ms,
      },
    })),
  };
}
