import type { StreamRecord } from '../kinesis/store.ts';
import { ACCOUNT_ID, REGION } from '../names.ts';
import type { MappingSettings } from './settings.ts';

/** What stands around a record's data in the event, at most: it counts for the 6 MB that an invocation may have. */
const RECORD_FRAME_BYTES = 700;

/** The event that Lambda hands to the function for a batch of one shard (Lambda developer guide, "Using Lambda with Kinesis"). */
export function toBatchEvent(
  records: readonly StreamRecord[],
  { stream_arn, function_name }: Pick<MappingSettings, 'stream_arn' | 'function_name'>,
): object {
  return {
    Records: records.map((record) => ({
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey: record.partition_key,
        sequenceNumber: record.sequence_number,
        data: record.data.toString('base64'),
        approximateArrivalTimestamp: record.arrived_at_ms / 1000,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `${record.shard_id}:${record.sequence_number}`,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: `arn:aws:iam::${ACCOUNT_ID}:role/${function_name}`,
      awsRegion: REGION,
      eventSourceARN: stream_arn,
    })),
  };
}

/** How many of the records fit into an invocation: at least one. */
export function fittingRecords(records: readonly StreamRecord[], limit_bytes: number): number {
  let bytes = 0;
  for (const [i, record] of records.entries()) {
    bytes += RECORD_FRAME_BYTES + Math.ceil(record.data.length / 3) * 4 + record.partition_key.length;
    if (bytes > limit_bytes && i > 0) return i;
  }
  return records.length;
}
