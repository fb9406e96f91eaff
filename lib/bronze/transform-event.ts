import type { FirehoseTransformationEvent } from 'aws-lambda';
import type { SourceRecord } from './unpack.ts';

/** The records of a Firehose transform event with the metadata of the stream that they come from. Throws for a delivery stream without one. */
export function toSourceRecords(event: FirehoseTransformationEvent): SourceRecord[] {
  return event.records.map((record) => {
    const source = record.kinesisRecordMetadata;
    if (source === undefined) {
      throw new Error(
        `record ${record.recordId} has no Kinesis metadata: Bronze is delivered from a stream, not by direct put`,
      );
    }
    return {
      record_id: record.recordId,
      body: record.data,
      shard_id: source.shardId,
      sequence_number: source.sequenceNumber,
      arrived_at_ms: source.approximateArrivalTimestamp,
    };
  });
}
