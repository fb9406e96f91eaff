import type { KinesisStreamEvent, KinesisStreamRecord } from 'aws-lambda';
import { FatalError, RejectedInput } from '../errors.ts';
import { UNKNOWN_FORMAT } from '../stream/chunk.ts';
import { type LaneRecord, toLaneRecord } from '../stream/record.ts';

/** A record that is no chunk. It has no lane, so Silver passes it over; Bronze keeps its bytes under the delivery stream's error prefix. */
export interface ForeignRecord {
  readonly sequence_number: string;
  readonly reason: string;
}

export interface ParsedBatch {
  readonly records: readonly LaneRecord[];
  readonly foreign: readonly ForeignRecord[];
  /**
   * The first chunk of a newer format. It isn't done, and nothing behind it is: nobody can tell its lane, and a later record of that lane would move the
   * position past it. Delivered again, it waits for the version that reads it, or ends in the failure destination as a whole.
   */
  readonly newer: ForeignRecord | null;
}

/** The records of a Lambda batch (one shard) that have a lane, in order; and those that are no chunks. Throws FatalError `bad_event` for another event. */
export function parseBatch(event: KinesisStreamEvent): ParsedBatch {
  const records: LaneRecord[] = [];
  const foreign: ForeignRecord[] = [];
  for (const { kinesis, eventID } of recordsOf(event)) {
    const { sequenceNumber: sequence_number } = kinesis;
    try {
      const record = toLaneRecord(bytesOf(kinesis), shardOf(eventID), sequence_number);
      if (record !== null) records.push(record);
    } catch (error) {
      if (!(error instanceof RejectedInput)) throw error;
      const refused = { sequence_number, reason: error.message };
      if (error.reason === UNKNOWN_FORMAT) return { records, foreign, newer: refused };
      foreign.push(refused);
    }
  }
  return { records, foreign, newer: null };
}

function recordsOf(event: KinesisStreamEvent): readonly KinesisStreamRecord[] {
  const records: unknown = (event as Partial<KinesisStreamEvent> | null)?.Records;
  if (Array.isArray(records) && records.every(isStreamRecord)) return records;
  throw new FatalError('silver', 'bad_event', 'the event is no batch of a Kinesis stream (events/silver.json)');
}

const isStreamRecord = (record: Partial<KinesisStreamRecord> | null): record is KinesisStreamRecord =>
  typeof record?.kinesis?.data === 'string' &&
  /^\d{1,128}$/.test(record.kinesis.sequenceNumber) &&
  /^[\w.-]+:\d+$/.test(record.eventID ?? '');

const bytesOf = (kinesis: KinesisStreamRecord['kinesis']): Buffer => Buffer.from(kinesis.data, 'base64');

/** An event id is `<shard id>:<sequence number>`. */
const shardOf = (eventID: string): string => eventID.slice(0, eventID.lastIndexOf(':'));
