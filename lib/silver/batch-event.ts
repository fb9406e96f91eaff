import type { KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda';
import { RejectedInput } from '../errors.ts';
import { type LaneRecord, toLaneRecord } from '../stream/record.ts';

/** A record that is no chunk. It has no lane, so Silver passes it over; Bronze keeps its bytes under the delivery stream's error prefix. */
export interface ForeignRecord {
  readonly sequence_number: string;
  readonly reason: string;
}

/** The records of a Lambda batch (one shard) that have a lane, in order; and those that are no chunks. */
export function parseBatch(event: KinesisStreamEvent): { records: LaneRecord[]; foreign: ForeignRecord[] } {
  const records: LaneRecord[] = [];
  const foreign: ForeignRecord[] = [];
  for (const { kinesis, eventID } of event.Records) {
    try {
      const record = toLaneRecord(bytesOf(kinesis), shardOf(eventID), kinesis.sequenceNumber);
      if (record !== null) records.push(record);
    } catch (error) {
      if (!(error instanceof RejectedInput)) throw error;
      foreign.push({ sequence_number: kinesis.sequenceNumber, reason: error.message });
    }
  }
  return { records, foreign };
}

const bytesOf = (kinesis: KinesisStreamRecord['kinesis']): Buffer => Buffer.from(kinesis.data, 'base64');

/** An event id is `<shard id>:<sequence number>`. */
const shardOf = (eventID: string): string => eventID.slice(0, eventID.lastIndexOf(':'));
